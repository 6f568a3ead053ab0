"""The guard: making a plan and applying it, beside raw statements on the same rows."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, LiteralString

import psycopg

from benchmarks.data import settle
from benchmarks.figures import Figure
from benchmarks.service import PROGRAMS, PROJECT, Service

SHARES = (0.009, 0.04)
LOGINS = {"maker": "claim_planner", "checker": "claim_approver", "runner": "claim_applier"}
BREAKERS = (
    *("max_wallets", "max_affected_share", "max_net_quantity"),
    *("max_suspected_spends", "max_suspected_share"),
)
# Above what any size of the benchmark asks for.
RAISED = [part for name in BREAKERS for part in ("--raise", f"{name}=1000000000")]

SPOIL = """
create table if not exists spoilt (user_id {user_id_type} primary key, shields int);
truncate spoilt;
insert into spoilt
select user_id, streakshield_count
from user_wallet_balances
where streakshield_count > 0
order by md5(user_id::text || 'spoilt')
limit %(wallets)s;
update user_wallet_balances as wallets set streakshield_count = shields - 1
from spoilt where spoilt.user_id = wallets.user_id;
analyze spoilt
"""
# What somebody would run by hand: a backup of the wrong rows, and an update of those that differ
# from the ledger; then the same update with the right values already known.
BACKUP = """
drop table if exists wallet_backup;
create table wallet_backup as
select wallets.*, now() as backup_at
from user_wallet_balances as wallets join spoilt using (user_id)
"""
DIFFERENCE_ONLY = """
update user_wallet_balances as wallets
set streakshield_count = claimed.shields, updated_at = now()
from (
    select user_id, count(*) filter (where sku = 'consumable_streakshield_1') as shields
    from purchase_claims
    group by user_id
) as claimed
join spoilt using (user_id)
where claimed.user_id = wallets.user_id
    and wallets.streakshield_count is distinct from claimed.shields
"""
KNOWN_ROWS = """
update user_wallet_balances as wallets set streakshield_count = shields, updated_at = now()
from spoilt
where spoilt.user_id = wallets.user_id and wallets.streakshield_count is distinct from shields
"""
UNDO = """
update user_wallet_balances as wallets
set streakshield_count = wallet_backup.streakshield_count, updated_at = wallet_backup.updated_at
from wallet_backup where wallet_backup.user_id = wallets.user_id
"""
# One purchase a user that nobody has claimed.
UNCLAIMED = """
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'bench-' || user_id, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    now() - interval '3 days'
from (select user_id from user_wallet_balances order by md5(user_id::text) limit %s) as users
"""
RECOVERED_WALLETS = 20_000
APPLY_SECONDS = """
select extract(epoch from max(sealed_at) - min(sealed_at))::float
from claim_ops.journal_batches
where batch_id in (
    select batch_id from claim_ops.journal
    where plan_id = %s and event in ('applying', 'applied', 'skipped')
)
"""


@dataclass(frozen=True)
class Run:
    """What one plan took."""

    lines: int
    plan_seconds: float
    approve_seconds: float
    difference_seconds: float
    known_seconds: float
    apply_seconds: float
    longest_batch_ms: float
    peak_mb: float


def measure(service: Service) -> Iterator[Figure]:
    """Measure one applier and two, at each share of wrong wallets."""
    with service.connect() as connection, service.indexed(connection):
        _install(service, connection)
        for share in SHARES:
            yield from _measure_share(service, connection, share)
        yield from _measure_claims(service, connection)
        yield from _measure_recovery(service, connection)
        yield from _measure_missing_wallets(service, connection)
        yield from _measure_large_plan(service, connection)


def _measure_share(
    service: Service, connection: psycopg.Connection, share: float
) -> Iterator[Figure]:
    case = f"{share:.1%} wrong"
    models, _ = _spoil(service, connection, share)
    one = [_repair(service, connection, appliers=1) for _ in range(service.runs)]
    two = [_repair(service, connection, appliers=2) for _ in range(service.runs)]
    apply_seconds = median(run.apply_seconds for run in one)
    if share == max(SHARES):
        planned = median(run.plan_seconds for run in one)
        yield Figure(f"plan of {one[0].lines:,} lines / models", planned, 2, reference=models)
    rates = [median(run.lines / run.apply_seconds for run in runs) for runs in (one, two)]
    yield Figure(f"one applier, {case}", rates[0], 12_000, unit="lines/s", sign="≥")
    yield Figure(f"two appliers, {case}", rates[1], 20_000, unit="lines/s", sign="≥")
    difference = median(run.difference_seconds for run in one)
    yield Figure(
        f"apply / backup, difference-only update, {case}", apply_seconds, 2, reference=difference
    )
    known = median(run.known_seconds for run in one)
    yield Figure(
        f"apply / backup, update of known rows, {case}", apply_seconds, None, reference=known
    )
    for name, runs in (("one applier", one), ("two appliers", two)):
        longest = median(run.longest_batch_ms for run in runs)
        yield Figure(f"longest batch, {name}, {case}", longest, 100, unit="ms")
    peak = max(run.peak_mb for run in one + two)
    yield Figure(f"memory of claimctl apply, {case}", peak, 200, unit="MB")


def _measure_claims(service: Service, connection: psycopg.Connection) -> Iterator[Figure]:
    """Measure the claims' 99th percentile alone and while two appliers work."""
    alone: list[float] = []
    beside: list[float] = []
    with _claims_of(service, alone):
        time.sleep(5)
    with _claims_of(service, beside):
        _repair(service, connection, appliers=2)
    p99 = [1000 * quantiles(seconds, n=100)[98] for seconds in (beside, alone)]
    yield Figure("claims' p99 beside apply / alone", p99[0], 1.3, reference=p99[1], unit="ms")


def _measure_recovery(service: Service, connection: psycopg.Connection) -> Iterator[Figure]:
    """Measure one applier that claims purchases: a claim and a wallet a line."""
    connection.execute(UNCLAIMED, [RECOVERED_WALLETS])
    settle(connection)
    until = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    since = f"{datetime.now(UTC) - timedelta(days=4):%Y-%m-%dT%H:%M:%SZ}"
    span = ("--from", since, "--to", until, "--include-over-cap")
    rate, plan_seconds = _applied(service, connection, "recovery", *span)
    yield Figure("plan of a claims recovery", plan_seconds, None, unit="s")
    yield Figure("claims recovery, one applier", rate, 5_000, unit="lines/s", sign="≥")


def _measure_missing_wallets(service: Service, connection: psycopg.Connection) -> Iterator[Figure]:
    """Measure one applier that creates wallets; last, since it needs the models once more."""
    connection.execute(
        "delete from user_wallet_balances where user_id in (select user_id from spoilt limit %s)",
        [RECOVERED_WALLETS],
    )
    settle(connection)
    service.dbt("run", "--select", "wallets")
    rate, _ = _applied(service, connection, "wallets")
    yield Figure("missing wallets created, one applier", rate, 3_000, unit="lines/s", sign="≥")


def _measure_large_plan(service: Service, connection: psycopg.Connection) -> Iterator[Figure]:
    """Measure a plan of nearly every wallet, and whether it takes more memory than a small one."""
    # Wallets that were repaired just now would be in flight.
    connection.execute("update user_wallet_balances set updated_at = now() - interval '1 day'")
    peaks = []
    for share in (SHARES[1], 1.0):
        _spoil(service, connection, share)
        with _server_memory(service) as samples:
            run = _repair(service, connection, appliers=2)
        peaks.append((run.peak_mb, max(samples)))
    name = f"a plan of {run.lines:,} lines"
    for what, seconds in (
        ("made", run.plan_seconds),
        ("approved", run.approve_seconds),
        ("applied by two", run.apply_seconds),
    ):
        yield Figure(f"{name}, {what}", run.lines / seconds, 20_000, unit="lines/s", sign="≥")
    for whose, few, many in zip(("claimctl apply", "largest server process"), *peaks, strict=True):
        title = f"memory of {whose}, {name} / {service.sizes.wallets * SHARES[1]:,.0f} lines"
        yield Figure(title, many, 1.5, reference=few, unit="MB")


@contextmanager
def _server_memory(service: Service) -> Iterator[list[float]]:
    """Sample, each fifth of a second, the most megabytes that one session's process has alone."""
    stop, samples = threading.Event(), [0.0]

    def sample() -> None:
        with service.connect() as connection:
            while not stop.wait(0.2):
                sessions = connection.execute("select pid from pg_stat_activity").fetchall()
                samples.append(max(_own_megabytes(process_id) for (process_id,) in sessions))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()


def _own_megabytes(process_id: int) -> float:
    """Return what a process has for itself: nothing of shared buffers; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line) / 1024


def _applied(
    service: Service, connection: psycopg.Connection, kind: str, *options: str
) -> tuple[float, float]:
    """Make, approve and apply a plan; return the lines a second and what planning took."""
    start = time.perf_counter()
    command = ("plan", kind, "--reason", "OPS-1 bench", *options, *RAISED)
    plan, _ = _claimctl(service, "maker", *command)
    plan_seconds = time.perf_counter() - start
    number = str(plan["plan_id"])
    _claimctl(service, "checker", "approve", number, "--yes")
    outcome, _ = _claimctl(service, "runner", "apply", number, "--appliers", "1", "--yes")
    row = connection.execute(APPLY_SECONDS, [plan["plan_id"]]).fetchone()
    assert row is not None
    return outcome["lines"] / row[0], plan_seconds


def _install(service: Service, connection: psycopg.Connection) -> None:
    arguments = ("--vars", json.dumps({"user_id_data_type": service.sizes.user_id_type}))
    service.run("dbt", "run-operation", "install_guard", *arguments)
    for login, role in LOGINS.items():
        connection.execute(f"create role {login} login in role {role}".encode())


def _spoil(service: Service, connection: psycopg.Connection, share: float) -> tuple[float, int]:
    """Make wallets wrong and build the models; return the build's seconds and the wallets."""
    wallets = int(service.sizes.wallets * share)
    statements = SPOIL.format(user_id_type=service.sizes.user_id_type)
    psycopg.ClientCursor(connection).execute(statements.encode(), {"wallets": wallets})
    settle(connection)
    times = service.dbt("run", "--select", "wallets")
    names = ("int_wallet_balances", "fct_wallet_discrepancies")
    return sum(seconds for node, seconds in times.items() if node.endswith(names)), wallets


def _repair(service: Service, connection: psycopg.Connection, appliers: int) -> Run:
    """Repair the spoilt wallets by hand, make them wrong again, and repair them by a plan."""
    difference_seconds = _by_hand(connection, DIFFERENCE_ONLY)
    known_seconds = _by_hand(connection, KNOWN_ROWS)

    start = time.perf_counter()
    plan, _ = _claimctl(service, "maker", "plan", "wallets", "--reason", "OPS-1 bench", *RAISED)
    plan_seconds = time.perf_counter() - start
    number = str(plan["plan_id"])
    start = time.perf_counter()
    _claimctl(service, "checker", "approve", number, "--yes")
    approve_seconds = time.perf_counter() - start
    options = ("--appliers", str(appliers), "--yes")
    outcome, peak_mb = _claimctl(service, "runner", "apply", number, *options)
    row = connection.execute(APPLY_SECONDS, [plan["plan_id"]]).fetchone()
    assert row is not None
    # The next plan finds the same wallets wrong, and nobody in the middle of a claim.
    connection.execute(
        "update user_wallet_balances as wallets"
        " set streakshield_count = shields - 1, updated_at = now() - interval '1 day'"
        " from spoilt where spoilt.user_id = wallets.user_id"
    )
    return Run(
        lines=outcome["lines"],
        plan_seconds=plan_seconds,
        approve_seconds=approve_seconds,
        difference_seconds=difference_seconds,
        known_seconds=known_seconds,
        apply_seconds=row[0],
        longest_batch_ms=outcome["longest_batch_ms"],
        peak_mb=peak_mb,
    )


def _by_hand(connection: psycopg.Connection, update: LiteralString) -> float:
    """Back the wrong rows up and update them, return the seconds, and make them wrong again."""
    start = time.perf_counter()
    connection.execute(BACKUP)
    connection.execute(update)
    seconds = time.perf_counter() - start
    connection.execute(UNDO)
    connection.execute("checkpoint")
    return seconds


def _claimctl(service: Service, login: str, *arguments: str) -> tuple[dict[str, Any], float]:
    """Run claimctl as a login; return its document and the megabytes that it took at most."""
    process = subprocess.Popen(
        [PROGRAMS / "claimctl", *arguments, "--json"],
        cwd=PROJECT,
        env={**service.environment, "PGUSER": login},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"claimctl {' '.join(arguments)} ended with {process.returncode}")
    return json.loads(text), usage.ru_maxrss / 1024


@contextmanager
def _claims_of(service: Service, seconds: list[float]) -> Iterator[None]:
    """Let two sessions claim for random users, and keep what each claim took."""
    stop = threading.Event()

    def claim(session: int) -> None:
        with service.connect() as connection:
            number = 0
            while not stop.wait(0.02):
                number += 1
                start = time.perf_counter()
                connection.execute(
                    "select claim_purchase(%s, md5(random()::text)::uuid::text"
                    f"::{service.sizes.user_id_type}, 'consumable_xp_booster_7d')".encode(),
                    [f"bench-{session}-{time.time_ns()}-{number}"],
                )
                seconds.append(time.perf_counter() - start)

    threads = [threading.Thread(target=claim, args=(session,)) for session in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
