"""A plan's whole life through PgBouncer in transaction mode, where no session is one's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sandbox.server import UNPRIVILEGED_UID, Server, free_port
from support.appliers import finish, start_applier
from support.guard import CHECKER, MAKER, RUNNER, Guard, call

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
# One server session for each login and database: clients take turns with it.
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 1
auth_type = trust
auth_file = {folder}/users.txt
ignore_startup_parameters = options
"""

pytestmark = [
    pytest.mark.pooler,
    pytest.mark.skipif(
        PGBOUNCER is None, reason="not run: pgbouncer is missing (apt-get install pgbouncer)"
    ),
]


@pytest.fixture
def pooled(guard: Guard) -> Iterator[Guard]:
    """The fresh database with the guard, reached through a pooler."""
    assert PGBOUNCER is not None
    folder = Path(tempfile.mkdtemp(prefix="claim_reconciliation_pooler_"))
    port = free_port()
    settings = {"server_port": guard.server.port, "port": port, "folder": folder}
    (folder / "pgbouncer.ini").write_text(CONFIGURATION.format(**settings))
    logins = ("postgres", MAKER, CHECKER, RUNNER)
    (folder / "users.txt").write_text("".join(f'"{login}" ""\n' for login in logins))
    unprivileged: dict[str, Any] = {}
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
        unprivileged = {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID}
    with (folder / "log").open("wb") as log:
        pooler = subprocess.Popen(
            [PGBOUNCER, str(folder / "pgbouncer.ini")], stdout=log, stderr=log, **unprivileged
        )
    try:
        wait_for_port(port, folder / "log")
        yield Guard(Server(folder, port=port))
    finally:
        pooler.terminate()
        pooler.wait()
        shutil.rmtree(folder)


def wait_for_port(port: int, log: Path) -> None:
    """Wait until somebody listens on a port."""
    for _ in range(100):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"pgbouncer did not start:\n{log.read_text()}")


def test_a_plan_from_beginning_to_end(pooled: Guard, guard: Guard) -> None:
    pooled.add_short_wallets(30)
    pooled.add_claims("newcomer", 2)
    pooled.mark_wrong("newcomer", discrepancy="missing_wallet")
    plan = pooled.plan(**{"raise": {"max_affected_share": 2}})
    # Roles are the server's: the next test's maker is the same one.
    guard.execute(f"grant claim_approver to {MAKER}")
    try:
        with pooled.refuses("CO003"):
            pooled.call(MAKER, "approve_plan", plan)
    finally:
        guard.execute(f"revoke claim_approver from {MAKER}")
    pooled.approve(plan)
    assert pooled.apply(plan, limit=7)["applied"] == 31
    assert pooled.call(RUNNER, "verify_plan", plan)["as_written"] == 31
    assert pooled.apply(pooled.roll_back(plan))["applied"] == 31
    assert pooled.shields("newcomer") is None


def test_claims_and_the_switch(pooled: Guard) -> None:
    """A recovery and its rollback, and a kill switch that breaks glass."""
    for user in ("alice", "bob"):
        pooled.add_wallet(user)
        pooled.add_purchase(user, f"tx {user}")
    now = datetime.now(UTC)
    plan = pooled.make("plan_recovery", **{"from": now - timedelta(days=30), "to": now})
    assert pooled.apply(pooled.approve(plan), limit=1)["applied"] == 2
    assert pooled.apply(pooled.roll_back(plan))["applied"] == 2
    switch = pooled.make("plan_kill_switch", is_on=False)
    pooled.call(RUNNER, "break_glass", switch, "test")
    assert pooled.batch(switch)
    pooled.approve(switch)


def test_clients_that_share_a_server_session_share_a_plan(
    pooled: Guard, beside: ThreadPoolExecutor
) -> None:
    """The command line in two processes, and a pause between their batches."""
    pooled.add_short_wallets(400)
    plan = pooled.approve(pooled.plan())
    pooled.call(CHECKER, "pause", "stop")
    assert finish(start_applier(pooled, plan)) == 4
    pooled.call(RUNNER, "resume", "go on")
    pooled.begin(plan)
    with pooled.session() as first, pooled.session() as second:
        for connection in (first, second, first, second):
            call(connection, "apply_batch", plan, 0, 20, 1)
    appliers = [start_applier(pooled, plan) for _ in range(2)]
    # Either may find that the other has applied it all before it began.
    assert 0 in [finish(applier) for applier in appliers]
    assert pooled.state(plan) == "applied"
    assert pooled.rows("select distinct streakshield_count from user_wallet_balances") == [(2,)]


def test_nothing_stays_in_the_server_session(pooled: Guard, guard: Guard) -> None:
    """A setting or lock that outlived its transaction would be another client's."""
    pooled.add_short_wallets(10)
    plan = pooled.approve(pooled.plan())
    with pooled.session() as mine, pooled.session() as other:
        before = settings(other)
        call(mine, "begin_apply", plan)
        call(mine, "apply_batch", plan, 0, 5, 1)
        assert settings(other) == before
        assert backend(mine) == backend(other)
    assert guard.rows("select * from pg_locks where locktype = 'advisory'") == []


def settings(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Return the session's settings that the guard touches, and its isolation and role."""
    return connection.execute(
        """
        select name, setting from pg_settings
        where name in (
            'lock_timeout', 'statement_timeout', 'search_path', 'TimeZone', 'row_security',
            'plan_cache_mode', 'transaction_isolation', 'role'
        )
        order by name
        """
    ).fetchall()


def backend(connection: psycopg.Connection) -> int:
    """Return the pid of the server process that answers."""
    row = connection.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])
