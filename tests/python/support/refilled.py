"""Models that dbt built of no rows, filled again in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg


def refill(models: Iterable[Any], connection: psycopg.Connection[Any]) -> None:
    """Fill tables by their own queries, in the order in which dbt made them."""
    for model in models:
        if model.config.materialized == "parallel_table":
            fill(model.relation_name, model, connection)


def fill(table: str, model: Any, connection: psycopg.Connection[Any], **more: str) -> None:
    """Insert a model's rows into a table, more of whose columns come by their expressions."""
    columns = [f'"{name}"' for name in model.columns]
    connection.execute(
        f"insert into {table} ({', '.join([*columns, *more])})"
        f" select {', '.join([*columns, *more.values()])}"
        f" from ({model.compiled_code}\n) as model".encode()
    )
