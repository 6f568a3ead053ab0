"""Eight incidents, each worked on with the commands of docs/runbook.md, in order, as their roles.

Nobody knows more than the text and what the commands said: at most 5 commands to the diagnosis and
10 to the end, and what was right before is untouched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.claimctl import consumer_project
from support.databases import MODELS_SCHEMA, Templates
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import Guards
from support.incidents import (
    SERVICE,
    VARS,
    Shift,
    build,
    compile_analyses,
    make_shop,
    use_compiled,
)

pytestmark = pytest.mark.drill
FAULTS = Path(__file__).with_name("incidents")
WALLETS = (
    "select user_id, streakshield_count, xp_booster_until, updated_at from user_wallet_balances"
)
CLAIMS = "select tx_id, user_id, sku, claimed_at from purchase_claims"
Incident = Callable[[str, str], Shift]


@pytest.fixture(scope="module")
def guards(dbt: DbtProject, templates: Templates) -> Guards:
    """Makes the script of the guard."""
    return Guards(dbt, templates)


@pytest.fixture(scope="module")
def analyses(guards: Guards, templates: Templates, dbt: DbtProject) -> dict[str, str]:
    """The shop is made, and what claimctl analyse runs in it is compiled."""
    make_shop(guards, templates, dbt)
    return compile_analyses(dbt)


@pytest.fixture
def incident(
    analyses: dict[str, str],
    templates: Templates,
    dbt: DbtProject,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Incident:
    """Plants an incident in a shop of its own and hands it to somebody with a chapter."""
    monkeypatch.chdir(tmp_path)
    use_compiled(analyses, monkeypatch)

    def planted(title: str, fault: str) -> Shift:
        templates.fresh_database("shop")
        guard = Guard(templates.server)
        guard.execute((FAULTS / f"{fault}.sql").read_text())
        build(dbt, "--selector", "hourly")
        return Shift(guard, dbt, consumer_project(tmp_path / "project", VARS), title)

    return planted


def users(guard: Guard, beginning: str, columns: str = "streakshield_count") -> set[Any]:
    """Return the different values of the wallets of users whose ids begin so."""
    query = (
        f"select distinct {columns} from user_wallet_balances where user_id like '{beginning}-%'"
    )
    return set(guard.rows(query))


def others(guard: Guard, *beginnings: str) -> list[Any]:
    """Return wallets and claims of all users but those, to be compared."""
    left = " and ".join(f"user_id not like '{each}-%'" for each in beginnings) or "true"
    return [guard.rows(f"{query} where {left} order by 1") for query in (WALLETS, CLAIMS)]


@pytest.mark.slow
def test_a_retry_storm_with_goodwill_among_the_excess(incident: Incident) -> None:
    shift = incident("Too much: a retry storm", "retry_storm")
    before = others(shift.guard, "storm")
    shift.work()
    assert "doubled_update" in shift.diagnosis
    assert "hand_edit" in shift.diagnosis
    assert users(shift.guard, "storm") == {(2,)}
    assert users(shift.guard, "gift") == {(3,)}
    assert others(shift.guard, "storm") == before


@pytest.mark.slow
def test_an_old_backup_with_users_in_flight(incident: Incident, dbt: DbtProject) -> None:
    shift = incident("A backup was restored", "old_backup")
    guard, before = shift.guard, others(shift.guard, "backup", "flight")

    def three_hours_pass() -> None:
        assert users(guard, "backup") == {(2,), (3,)}
        assert users(guard, "flight") == {(2,)}
        assert "in_flight" in shift.output
        guard.execute((FAULTS / "three_hours_later.sql").read_text())
        build(dbt, "--selector", "hourly")

    shift.work(between={7: three_hours_pass})
    assert "restored_backup" in shift.diagnosis
    assert users(guard, "backup") == {(2,), (3,)}
    assert users(guard, "flight") == {(3,)}
    assert others(guard, "backup", "flight") == before


@pytest.mark.slow
def test_a_week_boundary_far_from_utc(incident: Incident) -> None:
    shift = incident("Users paid and are refused by a cap", "week_boundary")
    before = others(shift.guard, "honolulu")
    refunded = shift.guard.shields("honolulu-2")
    shift.work({"USER": "honolulu-1", "TX_ID": "second-honolulu-1"})
    assert "Pacific/Honolulu" in shift.diagnosis
    assert "greedy" not in shift.diagnosis
    assert shift.guard.shields("honolulu-1") == 2
    claimed = shift.guard.value("select count(*) from purchase_claims where tx_id like 'second-%'")
    assert claimed == 1
    assert shift.guard.shields("honolulu-2") == refunded
    assert others(shift.guard, "honolulu") == before


@pytest.mark.slow
def test_a_webhook_outage(incident: Incident) -> None:
    """With refunds, purchases over the cap, of two users, and credited by hand."""
    shift = incident("Purchases are paid for and were never claimed", "webhook_outage")
    guard, given = shift.guard, ("shield", "booster", "byhand")
    before = others(guard, *given)
    begun, ended = (
        guard.value(f"select to_char(began_at + {hours}, 'YYYY-MM-DD HH24:MI+00') from outage")
        for hours in ("interval '0'", "interval '2 hours'")
    )
    shift.work({"FROM": f"'{begun}'", "TO": f"'{ended}'"})
    assert "recoverable" in shift.diagnosis
    assert begun[:13] in shift.diagnosis
    assert users(guard, "shield") == {(2,)}
    assert users(guard, "byhand") == {(2,)}
    hours = "round(extract(epoch from xp_booster_until - now()) / 3600)"
    assert users(guard, "booster", hours) == {(168,)}
    claimed = guard.rows(
        "select split_part(user_id, '-', 1), count(*) from purchase_claims"
        " where tx_id like 'late-%' group by 1"
    )
    assert dict(claimed) == {"shield": 12, "booster": 8, "byhand": 3}
    assert others(guard, *given) == before


def test_boosters_shifted_by_a_zone(incident: Incident) -> None:
    shift = incident("Boosters end too early or too late", "zoned_boosters")
    before = others(shift.guard, "zoned")
    shift.work()
    assert "time_zone" in shift.diagnosis
    assert "-8.0" in shift.diagnosis
    wrong = shift.guard.value(
        "select count(*) from user_wallet_balances join purchase_claims as claims using (user_id)"
        " where claims.tx_id like 'boost-%' and user_id like 'zoned-%'"
        " and xp_booster_until <> claimed_at + interval '168 hours'"
    )
    assert wrong == 0
    assert others(shift.guard, "zoned") == before


@pytest.mark.slow
def test_spends_that_nobody_modelled(incident: Incident) -> None:
    shift = incident("The app began to spend, or support to give", "unmodelled_spends")
    before = others(shift.guard, "lost")
    shift.work({"USER": "spender-1"})
    assert "hand_edit" in shift.diagnosis
    assert "lost_update" in shift.diagnosis
    assert users(shift.guard, "spender") == {(0,)}
    assert users(shift.guard, "lost") == {(2,)}
    assert others(shift.guard, "lost") == before


def test_a_dropped_index_behind_an_idle_transaction(incident: Incident) -> None:
    """The index is being made again, and waits; to drop it as invalid would begin anew."""
    index = "purchase_claims_user_id_sku_claimed_at_idx"
    shift = incident("Database is slow", "dropped_index")
    guard = shift.guard
    # A report that somebody left open: it reads another table, at a snapshot of its own.
    idle = guard.session(SERVICE, autocommit=False)
    idle.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    idle.execute("select count(*) from user_wallet_balances")
    create = f"create index concurrently {index} on purchase_claims (user_id, sku, claimed_at)"
    builder = guard.connect()
    thread = threading.Thread(target=builder.execute, args=[create])
    thread.start()
    blocked = "exists (select from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0)"
    guard.wait_until(blocked)
    before = others(guard)
    shift.work({"PID": str(idle.info.backend_pid)}, between={4: thread.join})
    assert "is being built" in shift.diagnosis
    assert "idle in transaction" in shift.diagnosis
    assert guard.value(f"select indisvalid from pg_index where indexrelid = '{index}'::regclass")
    assert builder.execute("select 1").fetchone() == (1,)
    assert "being built" not in shift.said[3]
    assert index not in shift.said[-1]
    assert "indexes that the service needs are there" in shift.said[-1]
    assert others(guard) == before


@pytest.mark.slow
def test_the_silence_of_the_log(incident: Incident, dbt: DbtProject) -> None:
    shift = incident("No data", "silent_log")
    guard, before = shift.guard, others(shift.guard)
    shift.work({"LOGIN": SERVICE})
    assert "log_not_written" in shift.diagnosis
    assert "60 claims came since" in shift.diagnosis
    assert f"The claim service's login {SERVICE} may not write" in shift.diagnosis
    assert f"The claim service's login {SERVICE} may write" in shift.said[-2]
    # The next request is in the log, and the next build ends the alert.
    with guard.session(SERVICE) as connection:
        connection.execute("insert into function_metrics values (now(), 'claim', 200, 50)")
    build(dbt, "--selector", "hourly")
    state = f"select state from {MODELS_SCHEMA}.rpt_alerts where alert = 'log_not_written'"
    assert guard.value(state) == "ok"
    assert others(guard) == before
    assert guard.value("select count(*) from claim_ops.plans") == 0
