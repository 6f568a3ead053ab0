"""A reader who never stops: what people see while a build runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from support.databases import MODELS_SCHEMA, Database


@contextmanager
def never_empty(database: Database, relations: Sequence[str], at_least: int = 1) -> Iterator[None]:
    """Look at models again and again: each must exist and hold rows at every moment."""
    stopped = threading.Event()
    looks = 0
    faults: list[str] = []

    def look() -> None:
        nonlocal looks
        with database.connect() as connection:
            while not stopped.wait(0.01):
                for relation in relations:
                    query = f"select from {MODELS_SCHEMA}.{relation} limit 1"
                    try:
                        if connection.execute(query.encode()).rowcount == 0:
                            faults.append(f"{relation} was empty")
                    except psycopg.Error as error:
                        faults.append(f"{relation}: {error}")
                looks += 1

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
    assert faults == [], faults[:5]
    assert looks >= at_least
