"""Live traffic: writer processes beside each other, and the proof that they lost nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from sandbox.history import SPOILABLE_USERS
from sandbox.pid_files import stop_processes, wait_until_running
from sandbox.writers import KINDS

NEW_USERS = 10_000


def start_traffic(
    folder: Path,
    dsn: str,
    users: int,
    *,
    kinds: Sequence[str] = tuple(KINDS),
    per_second: float = 30.0,
    seconds: float = 3_600.0,
) -> None:
    """Start a writer process for each kind named, `per_second` requests together.

    They live on when we end, until `stop_traffic`, the server's end or so many seconds. Started
    again in the same folder they are counted on from, since no two writers may share a name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = 1 + len(list(folder.glob("*.jsonl")))
    names = [f"{kind}-{number}" for number, kind in enumerate(kinds, start=first)]
    for name, kind in zip(names, kinds, strict=True):
        arguments: dict[str, list[object]] = {
            "kind": [kind],
            "dsn": [dsn],
            "name": [name],
            "users": [SPOILABLE_USERS, users],
            "new-users": [users, users + NEW_USERS],
            "per-second": [per_second / len(kinds)],
            "seconds": [seconds],
            "folder": [folder],
        }
        options = [
            part for key, values in arguments.items() for part in (f"--{key}", *map(str, values))
        ]
        with (folder / f"{name}.log").open("ab") as errors:
            subprocess.Popen(
                [sys.executable, "-m", "sandbox.writers", *options],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            )
    for name in names:
        wait_until_running(folder / f"{name}.pid")


def stop_traffic(folder: Path) -> int:
    """End the writers of this folder after the request at hand; return how many there were."""
    return stop_processes(sorted(folder.glob("*.pid")))


@dataclass(frozen=True)
class Account:
    """What the writers' own log says against what the database holds."""

    acknowledged: int
    lost_claims: int
    unacknowledged_claims: int
    wrong_wallets: int

    @property
    def lost_or_doubled(self) -> int:
        """How many claims or wallets are not what the users were told; the demo wants 0."""
        return self.lost_claims + self.unacknowledged_claims + self.wrong_wallets


def account_for(connection: psycopg.Connection, folder: Path) -> Account:
    """Hold the log of stopped writers against claims and wallets, without the models' help."""
    entries = [
        json.loads(line) for file in folder.glob("*.jsonl") for line in file.open(encoding="utf-8")
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "create temporary table acknowledged"
            " (tx_id text, user_id text, sku text) on commit drop"
        )
        with cursor.copy("copy acknowledged from stdin") as copy:
            for entry in entries:
                copy.write_row((entry["tx_id"], entry["user_id"], entry["sku"]))
        names = [file.stem for file in folder.glob("*.jsonl")]
        cursor.execute((Path(__file__).parent / "account.sql").read_bytes(), {"writers": names})
        row = cursor.fetchone()
    assert row is not None
    return Account(len(entries), *row)
