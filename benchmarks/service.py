"""The claim service under measurement: a durable server with its tables, and dbt on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sandbox.server import Server

from benchmarks.data import Sizes, drop_indexes, fill, settle

PROJECT = Path(__file__).parent.parent
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Service:
    """What every benchmark gets: its data are loaded."""

    server: Server
    sizes: Sizes
    runs: int
    claims_indexes: list[str]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, sizes: Sizes, runs: int) -> Iterator[Service]:
        """Load the data, on a server that waits for no disk, and start a durable one on them."""
        shutil.copy(PROJECT / "profiles.example.yml", folder / "profiles.yml")
        with (
            Server(folder, settings={"max_wal_size": "16GB"}) as loading,
            psycopg.connect(loading.dsn(), autocommit=True) as connection,
        ):
            claims_indexes = fill(connection, sizes)
        os.sync()
        with Server(folder, durable=True) as server:
            yield cls(server, sizes, runs, claims_indexes)

    @property
    def target(self) -> Path:
        """Where dbt leaves its artifacts."""
        return self.server.folder / "target"

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads dbt and claimctl to the server."""
        return {**os.environ, **self.server.environment, **places_of_dbt(self.server.folder)}

    def connect(self) -> psycopg.Connection:
        """Return a connection that commits each statement."""
        return psycopg.connect(self.server.dsn(), autocommit=True)

    @contextmanager
    def indexed(self, connection: psycopg.Connection) -> Iterator[None]:
        """Give the claims their indexes meanwhile; each benchmark begins with keys only."""
        for index in self.claims_indexes:
            connection.execute(index.encode())
        settle(connection)
        yield
        drop_indexes(connection, "purchase_claims")

    def dbt(self, *arguments: str, threads: int = 1) -> dict[str, float]:
        """Run dbt, by default on one thread; return each node's seconds, by unique id."""
        variables = json.dumps({"user_id_data_type": self.sizes.user_id_type})
        options = ["--quiet", "--threads", str(threads), "--vars", variables]
        self.run("dbt", *arguments, *options)
        return seconds_of_nodes(self.target)

    def run(self, program: str, *arguments: str, accepted: tuple[int, ...] = (0,)) -> None:
        """Run a program of the environment; an exit code that is not accepted is an error."""
        run_program(self.environment, program, *arguments, accepted=accepted)


def places_of_dbt(folder: Path) -> dict[str, str]:
    """Return the variables by which dbt keeps its files in a folder."""
    return {
        "DBT_SCHEMA": "dbt",
        "DBT_PROFILES_DIR": str(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }


def seconds_of_nodes(target: Path) -> dict[str, float]:
    """Return how long each node of dbt's last run took, by unique id."""
    results = json.loads((target / "run_results.json").read_text())["results"]
    return {result["unique_id"]: result["execution_time"] for result in results}


def run_program(
    environment: Mapping[str, str],
    program: str,
    *arguments: str,
    accepted: tuple[int, ...] = (0,),
) -> None:
    """Run a program beside this Python; an exit code that is not accepted is an error."""
    done = subprocess.run(
        [PROGRAMS / program, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode not in accepted:
        call = " ".join((program, *arguments))
        raise RuntimeError(
            f"{call} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
