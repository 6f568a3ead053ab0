"""One storm: its writers, operators and disasters, and then the checker's word."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sandbox.scripts import run_script
from sandbox.server import Server

from storm.chaos import Chaos
from storm.checker import Facts, check
from storm.operators import Operators
from storm.proxy import Proxy
from storm.watch import Watch
from storm.writers import KINDS

FOLDER = Path(__file__).parent
# The guard's quiet time in a storm, in place of three hours.
QUIET_SECONDS = 3.0
SETTLE_MINUTES = QUIET_SECONDS / 60
# A storm judges by the order of commits, and its server falls over without losing any.
SETTINGS = {"track_commit_timestamp": "on", "synchronous_commit": "on", "autovacuum": "off"}
VARS: dict[str, Any] = {"settle_minutes": SETTLE_MINUTES}


@dataclass
class Storm:
    """What a storm did and found."""

    seed: int
    seconds: float
    done: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    longest_wait: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""
        return {
            "seed": self.seed,
            "seconds": self.seconds,
            "done": dict(sorted(self.done.items())),
            "counts": dict(sorted(self.counts.items())),
            "longest_wait_for_the_guard_seconds": round(self.longest_wait, 3),
            "violations": self.violations,
        }


def let_loose(
    server: Server,
    database: str,
    folder: Path,
    *,
    seed: int,
    seconds: float,
    restarts: int,
    models_schema: str,
    users: int = 240,
    per_second: float = 30.0,
    on_tick: Callable[[float], None] = lambda _: None,
) -> Storm:
    """Let a storm loose on a database with the guard and an empty service, and judge it.

    The server has the SETTINGS, the guard the VARS. To be called from the main thread.
    """
    dsn = server.dsn(database)
    with psycopg.connect(dsn) as connection:
        connection.execute((FOLDER / "history.sql").read_text().encode())
        run_script(connection, FOLDER / "service.sql", users=users, models=models_schema)
    folder.mkdir(parents=True, exist_ok=True)
    choice = random.Random(seed)
    proxy = Proxy(server.port)

    def wire(login: str) -> str:
        # Half of the appliers go by the wire that is cut.
        port = proxy.port if login == "runner" and choice.random() < 0.5 else server.port
        return f"host=127.0.0.1 port={port} user={login} dbname={database} connect_timeout=5"

    operators = Operators(wire, random.Random(choice.random()))
    chaos = Chaos(server, database, operators, proxy, random.Random(choice.random()))
    watch = Watch(dsn)
    threads = [threading.Thread(target=each.run) for each in (operators, watch)]
    writers = _start_writers(server, folder, proxy.port, database, seed, users, per_second)
    try:
        for thread in threads:
            thread.start()
        chaos.run(seconds, restarts, on_tick)
        operators.stopped.set()
        _stop(writers)
        with psycopg.connect(dsn, autocommit=True) as connection:
            _wait_until_nobody_writes(connection)
        threads[0].join()
        operators.finish()
    finally:
        operators.stopped.set()
        watch.stopped.set()
        _stop(writers)
        for thread in threads:
            thread.join()
    return _judge(server, dsn, folder, operators, chaos, watch, seed, seconds)


def _judge(
    server: Server,
    dsn: str,
    folder: Path,
    operators: Operators,
    chaos: Chaos,
    watch: Watch,
    seed: int,
    seconds: float,
) -> Storm:
    log = (server.folder / "server.log").read_text(errors="replace")
    shutil.copy(server.folder / "server.log", folder / "server.log")
    facts = Facts(dsn, folder)
    verdict = check(facts, watch, log)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for row in connection.execute("select * from claim_ops.check_journal()"):
            verdict.violations.append(f"check_journal: {row}")
        for row in connection.execute("select * from claim_ops.plan_problems"):
            verdict.violations.append(f"plan_problems: {row}")
    for error in operators.unexpected:
        verdict.violations.append(f"an operator met {error}")
    return Storm(
        seed,
        seconds,
        chaos.done + operators.tally,
        verdict.counts,
        watch.waits[0].seconds if watch.waits else 0.0,
        verdict.violations,
    )


def _start_writers(
    server: Server,
    folder: Path,
    wire: int,
    database: str,
    seed: int,
    users: int,
    per_second: float,
) -> list[subprocess.Popen[bytes]]:
    """Start a process a kind; every third one goes by the wire that is cut."""
    writers = []
    for number, kind in enumerate(KINDS):
        through = wire if number % 3 == 0 else server.port
        arguments = {
            "kind": kind,
            "name": kind,
            "dsn": f"{server.dsn(database)} connect_timeout=5 port={through}",
            "log": folder / f"{kind}.jsonl",
            "seed": seed,
            "users": users,
            "per-second": per_second / len(KINDS),
            "quiet-seconds": QUIET_SECONDS,
        }
        options = [part for key, value in arguments.items() for part in (f"--{key}", str(value))]
        with (folder / f"{kind}.err").open("wb") as errors:
            writers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "storm.writers", *options],
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
                )
            )
    return writers


def _stop(writers: list[subprocess.Popen[bytes]]) -> None:
    for writer in writers:
        writer.send_signal(signal.SIGTERM)
    for writer in writers:
        try:
            writer.wait(10)
        except subprocess.TimeoutExpired:
            writer.kill()
            writer.wait()


def _wait_until_nobody_writes(connection: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 30
    while connection.execute(
        "select from pg_stat_activity where application_name like 'writer %'"
    ).fetchone():
        if time.monotonic() > deadline:
            raise RuntimeError("a writer's session does not end")
        time.sleep(0.1)
