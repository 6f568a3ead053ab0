"""The simulated claim service does what the demo and the other tests take for granted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from sandbox.causes import complaint as complaint_of_causes
from sandbox.causes import find_causes
from sandbox.comparison import compare
from sandbox.dbt_build import WALLETS_ARE_WRONG, judge
from sandbox.errors import DemoError
from sandbox.history import IN_FLIGHT, SETTLED_FAULTS, create_history, inject_fault
from sandbox.incident import Minute, Replay, print_replay
from sandbox.outcome import look_at_outcome
from sandbox.pid_files import hold_pid_file, is_running, stop_processes
from sandbox.repair import claimctl
from sandbox.server import Server
from sandbox.service import add_constraints, create_tables
from sandbox.stage import Demo
from sandbox.traffic import Account, account_for, start_traffic, stop_traffic
from sandbox.writers import BOOSTER, SHIELD, user_id_of
from support.databases import Database, Templates

USER = user_id_of(0)
USERS = 2_000


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        yield connection


def claim(
    connection: psycopg.Connection, tx_id: str, sku: str = SHIELD, user_id: str = USER
) -> tuple[int, str | None]:
    row = connection.execute(
        "select status_code, error_code from claim_purchase(%s, %s, %s)", [tx_id, user_id, sku]
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_a_retried_claim_changes_nothing(connection: psycopg.Connection) -> None:
    assert [claim(connection, "tx 1") for _ in range(3)] == [(200, None)] * 3
    assert value(connection, "select streakshield_count from user_wallet_balances") == 1
    assert value(connection, "select count(*) from purchase_claims") == 1


def test_a_booster_lasts_168_hours_over_a_change_of_the_clocks(
    connection: psycopg.Connection,
) -> None:
    connection.execute("select set_config('timezone', %s, false)", [zone_that_changes_soon()])
    claim(connection, "tx 1", BOOSTER)
    hours = "select extract(epoch from xp_booster_until - updated_at) / 3600"
    assert value(connection, f"{hours} from user_wallet_balances") == 168


def zone_that_changes_soon() -> str:
    """Return a POSIX time zone whose summer time begins in three days."""
    day = (datetime.now(UTC) + timedelta(days=3)).timetuple().tm_yday
    return f"WINTER0SUMMER,{day - 1},{(day + 99) % 365}"


@pytest.mark.parametrize(
    ("tx_id", "user_number", "sku", "answer"),
    [
        ("tx 2", 0, SHIELD, (409, "cap_exceeded")),
        ("tx 1", 1, SHIELD, (409, "already_claimed")),
        ("tx 2", 0, "consumable_of_last_year", (400, "unknown_sku")),
        ("tx 2", 0, BOOSTER, (403, "sku_disabled")),
    ],
)
def test_a_refused_claim_gives_nothing(
    connection: psycopg.Connection,
    tx_id: str,
    user_number: int,
    sku: str,
    answer: tuple[int, str],
) -> None:
    connection.execute(
        "update store_config set value = %s where key = 'sku_enabled'",
        [json.dumps({SHIELD: True, BOOSTER: False})],
    )
    claim(connection, "tx 1")

    assert claim(connection, tx_id, sku, user_id_of(user_number)) == answer
    assert value(connection, "select sum(streakshield_count) from user_wallet_balances") == 1
    assert connection.execute("select tx_id from purchase_claims").fetchall() == [("tx 1",)]


def test_the_month_has_a_cap_of_its_own(connection: psycopg.Connection) -> None:
    connection.execute("update sku_limits set weekly_cap = null")
    answers = [claim(connection, f"tx {number}")[0] for number in range(4)]
    assert answers == [200, 200, 200, 409]


def test_two_claims_at_once_cannot_both_pass_the_cap(database: Database) -> None:
    database.execute(f"insert into user_wallet_balances (user_id) values ('{USER}')")
    answers = []

    def claim_second() -> None:
        with database.connect() as second:
            answers.append(claim(second, "tx 2"))

    # The first is half-way: it has locked the wallet and inserted its claim.
    with database.connect(autocommit=False) as first:
        first.execute("select from user_wallet_balances for no key update")
        first.execute("insert into purchase_claims values ('tx 1', %s, %s)", [USER, SHIELD])
        thread = threading.Thread(target=claim_second)
        thread.start()
        wait_for_a_lock(database)
    thread.join()
    assert answers == [(409, "cap_exceeded")]


def wait_for_a_lock(database: Database) -> None:
    deadline = time.monotonic() + 10
    while not database.value("select count(*) from pg_locks where not granted"):
        assert time.monotonic() < deadline, "nobody waits for the wallet's row"
        time.sleep(0.02)


@pytest.mark.parametrize("level", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_the_claim_refuses_an_old_snapshot(connection: psycopg.Connection, level: str) -> None:
    connection.autocommit = False
    connection.isolation_level = psycopg.IsolationLevel[level]
    with pytest.raises(psycopg.errors.InvalidTransactionState, match="READ COMMITTED"):
        claim(connection, "tx 1")


def test_the_constraints_stop_what_the_reference_claim_never_does(
    connection: psycopg.Connection,
) -> None:
    add_constraints(connection)
    assert claim(connection, "tx 1") == (200, None)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="claims_have_a_wallet"):
        connection.execute(
            "insert into purchase_claims (tx_id, user_id, sku) values ('tx 2', 'nobody', %s)",
            [SHIELD],
        )
    with pytest.raises(psycopg.errors.CheckViolation, match="no_negative_quantity"):
        connection.execute("update user_wallet_balances set streakshield_count = -1")


def test_the_tables_lie_in_any_schema(connection: psycopg.Connection) -> None:
    create_tables(connection, "uuid", schema="billing")
    answer = "select status_code from billing.claim_purchase('tx 1', gen_random_uuid(), '{}')"
    assert value(connection, answer.format(SHIELD)) == 200
    assert value(connection, "select count(*) from billing.purchase_claims") == 1
    assert value(connection, "select count(*) from purchase_claims") == 0


@pytest.mark.parametrize("user_id_type", ["text", "uuid"])
def test_history_and_faults_are_as_recorded(templates: Templates, user_id_type: str) -> None:
    database = templates.fresh_database(user_id_type)
    with database.connect() as connection:
        create_history(connection, USERS, user_id_type)
        assert wrong_balances(database) == {}
        assert database.value("select count(*) from user_wallet_balances") == USERS
        assert database.value("select count(*) from purchase_claims") > 4.5 * USERS
        assert database.value(
            "select relallvisible from pg_class where relname = 'purchase_claims'"
        )

        for fault in SETTLED_FAULTS:
            inject_fault(connection, fault, wallets=15)
        inject_fault(connection, IN_FLIGHT, wallets=30)
    recorded = database.rows(
        "select user_id::text, item, discrepancy_type from sandbox.injected_faults"
    )
    assert wrong_balances(database) == {(user, item): kind for user, item, kind in recorded}
    assert database.rows(UNLIKE_THEIR_RECORD) == []
    spends = database.value(LOOK_LIKE_SPENDS)
    assert 0 < spends <= 15


WRONG_BALANCES = """
    with expected as (
        select
            user_id,
            count(*) filter (where sku = 'consumable_streakshield_1') as shields,
            max(claimed_at + interval '168 hours')
                filter (where sku = 'consumable_xp_booster_7d') as until
        from purchase_claims
        group by user_id
    )
    select
        coalesce(expected.user_id, wallets.user_id)::text,
        wallets.user_id is null,
        coalesce(wallets.streakshield_count, 0) - coalesce(expected.shields, 0),
        case
            when wallets.xp_booster_until is distinct from expected.until
                and greatest(wallets.xp_booster_until, expected.until) > now()
            then coalesce(wallets.xp_booster_until > expected.until, false)
        end
    from expected
    full join user_wallet_balances as wallets on expected.user_id = wallets.user_id
"""

# Not kept from the live traffic, or settled where they should be in flight, or the other way round.
UNLIKE_THEIR_RECORD = """
    select fault, user_id
    from sandbox.injected_faults
    inner join sandbox.users using (user_id)
    left join user_wallet_balances using (user_id)
    left join purchase_claims using (user_id)
    group by fault, user_id, in_flight, is_spoilable
    having not is_spoilable
        or in_flight
            is distinct from max(greatest(updated_at, claimed_at)) > now() - interval '3 hours'
"""

LOOK_LIKE_SPENDS = """
    select count(distinct user_id)
    from sandbox.injected_faults
    inner join user_wallet_balances using (user_id)
    inner join (
        select user_id, max(claimed_at) as last_claimed_at from purchase_claims group by user_id
    ) as claims using (user_id)
    where discrepancy_type = 'short'
        and item = 'streakshield'
        and updated_at > last_claimed_at + interval '180 minutes'
"""


def wrong_balances(database: Database) -> dict[tuple[str, str], str]:
    """Return what is wrong by user and item, worked out without the models."""
    wrong = {}
    for user_id, has_no_wallet, shields, booster_is_excess in database.rows(WRONG_BALANCES):
        if shields:
            kind = "missing_wallet" if has_no_wallet else "short" if shields < 0 else "excess"
            wrong[user_id, "streakshield"] = kind
        if booster_is_excess is not None:
            kind = "excess" if booster_is_excess else "short"
            wrong[user_id, "xp_booster"] = "missing_wallet" if has_no_wallet else kind
    return wrong


def test_a_history_too_small_for_the_faults_says_so(database: Database) -> None:
    with database.connect() as connection:
        create_history(connection, 20, "text")
        with pytest.raises(RuntimeError, match="too few fitting users for 15 wallets"):
            inject_fault(connection, "booster lost", wallets=15)


@pytest.mark.parametrize("user_id_type", ["text", "uuid"])
def test_writers_of_all_kinds_lose_and_double_nothing(
    templates: Templates, tmp_path: Path, user_id_type: str
) -> None:
    database = templates.fresh_database(user_id_type)
    with database.connect() as connection:
        create_history(connection, USERS, user_id_type)
    start_traffic(tmp_path, database.dsn, USERS, per_second=100)
    time.sleep(3)
    assert stop_traffic(tmp_path) == 4
    assert stop_traffic(tmp_path) == 0

    assert [file.read_text() for file in tmp_path.glob("*.log")] == [""] * 4
    assert account(database, tmp_path).lost_or_doubled == 0
    assert account(database, tmp_path).acknowledged > 50
    statuses = database.rows(
        """
        select distinct status_code
        from function_metrics
        where "timestamp" > now() - interval '1 minute'
        order by status_code
        """
    )
    assert statuses == [(200,), (409,)]

    # Started again they are other writers, and the account is about both.
    start_traffic(tmp_path, database.dsn, USERS, kinds=["atomic"], per_second=100)
    time.sleep(0.5)
    assert stop_traffic(tmp_path) == 1
    assert (tmp_path / "atomic-5.jsonl").read_text() != ""
    assert account(database, tmp_path).lost_or_doubled == 0

    # What the account is for: each of these would be somebody's loss or gain.
    database.execute("delete from purchase_claims where tx_id = 'atomic-1 1'")
    assert account(database, tmp_path).lost_claims == 1
    assert account(database, tmp_path).wrong_wallets == 1
    database.execute(
        "insert into purchase_claims (tx_id, user_id, sku)"
        " select 'upsert-4 0', user_id, 'any' from sandbox.users limit 1"
    )
    assert account(database, tmp_path).unacknowledged_claims == 1


def account(database: Database, folder: Path) -> Account:
    with database.connect() as connection:
        return account_for(connection, folder)


def test_a_stale_pid_file_ends_nobody(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pid"
    with hold_pid_file(ours):
        assert is_running(ours)
    # The file still names this process, which would not survive being stopped.
    assert not is_running(ours)
    assert stop_processes([ours, tmp_path / "none.pid"]) == 0


@pytest.mark.parametrize(
    ("statuses", "complaint"),
    [
        ({"assert_settled_wallets_match_claims": "fail", "unsettled": "warn"}, None),
        ({"assert_settled_wallets_match_claims": "pass"}, "did not notice the injected faults"),
        (
            {"assert_settled_wallets_match_claims": "fail", "no_user_is_lost": "fail"},
            "should pass",
        ),
        ({"assert_settled_wallets_match_claims": "fail", "rpt_build": "skipped"}, "skipped"),
        ({"assert_settled_wallets_match_claims": "fail", "rpt_build": "error"}, "could not run"),
    ],
)
def test_a_build_is_judged_by_what_failed(
    tmp_path: Path, statuses: dict[str, str], complaint: str | None
) -> None:
    file = tmp_path / "run_results.json"
    results = [
        {"unique_id": f"test.p.{name}", "status": end, "execution_time": 0.1}
        for name, end in statuses.items()
    ]
    file.write_text(json.dumps({"results": results}))
    said = judge(file).complaint(WALLETS_ARE_WRONG)
    assert said is None if complaint is None else complaint in (said or "")


def test_the_comparison_names_what_is_missed_and_what_is_a_false_alarm(database: Database) -> None:
    with database.connect() as connection:
        create_history(connection, USERS, "text")
        inject_fault(connection, "booster lost", wallets=15)
        inject_fault(connection, IN_FLIGHT, wallets=6)
        connection.execute(
            """
            create schema dbt_claim_reconciliation;
            create table dbt_claim_reconciliation.fct_wallet_discrepancies as
            select user_id, item, discrepancy_type, not in_flight as is_settled
            from sandbox.injected_faults
            """
        )
        assert compare(connection).complaint() is None

        # One fault is not shown, one in flight is called settled, and so is a user who is right.
        connection.execute(
            """
            delete from dbt_claim_reconciliation.fct_wallet_discrepancies where user_id = (
                select min(user_id) from sandbox.injected_faults where fault = 'booster lost'
            );
            update dbt_claim_reconciliation.fct_wallet_discrepancies
            set is_settled = true
            where user_id = (select min(user_id) from sandbox.injected_faults where in_flight);
            insert into dbt_claim_reconciliation.fct_wallet_discrepancies
            select user_id, 'streakshield', 'short', true
            from sandbox.users
            where user_number = 1500
            """
        )
        complaint = compare(connection).complaint()
    assert complaint == "missed: booster lost (1), in flight (1); false alarms: 2."


def test_one_fault_may_be_misnamed_and_no_more(database: Database) -> None:
    with database.connect() as connection:
        create_history(connection, USERS, "text")
        for fault in ("booster lost", "hand edit", "claim without wallet"):
            inject_fault(connection, fault, wallets=10)
        connection.execute(
            """
            create schema dbt_claim_reconciliation;
            create table dbt_claim_reconciliation.fct_discrepancy_causes as
            select user_id, item, now() as cause_at, case fault
                when 'hand edit' then 'hand_edit'
                when 'claim without wallet' then 'no_wallet_row'
                else 'unknown'
            end as probable_cause
            from sandbox.injected_faults
            """
        )
        assert [each.is_named for each in find_causes(connection)] == [True, True, True]
        misname = """
            update dbt_claim_reconciliation.fct_discrepancy_causes set probable_cause = 'spend'
            where user_id in (
                select user_id from sandbox.injected_faults where fault = %s
                order by user_id limit %s
            )
        """
        connection.execute(misname, ["hand edit", 1])
        assert all(each.is_named for each in find_causes(connection))
        connection.execute(misname, ["hand edit", 2])
        assert complaint_of_causes(find_causes(connection)) is None
        connection.execute(misname, ["booster lost", 2])
        said = complaint_of_causes(find_causes(connection))
    assert said == "the cause is named wrong of booster lost, hand edit."


# The models' and the guard's relations as the outcome reads them: all is found, planned, applied.
ALL_REPAIRED = """
    create schema dbt_claim_reconciliation;
    create table dbt_claim_reconciliation.fct_wallet_discrepancies as
    select user_id, item from sandbox.injected_faults where in_flight;
    create schema claim_ops;
    create table claim_ops.plans (plan_id int, kind text);
    insert into claim_ops.plans values (1, 'wallet_correction');
    create table claim_ops.line_states as
    select
        1 as plan_id,
        user_id,
        'applied' as state,
        null as skipped_because,
        jsonb_object_agg('discrepancies', jsonb_build_object(item, 'short')) as details
    from sandbox.injected_faults
    where not in_flight
    group by user_id
"""
SOMEBODY = "(select min(user_id) from sandbox.injected_faults where fault = 'booster lost')"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("", None),
        (
            "update claim_ops.line_states set state = 'skipped', skipped_because = 'expired'"
            f" where user_id = {SOMEBODY}",
            "booster lost is not repaired: 1 expired.",
        ),
        (
            f"delete from claim_ops.line_states where user_id = {SOMEBODY}",
            "booster lost is not repaired: 1 not planned.",
        ),
        (
            "insert into dbt_claim_reconciliation.fct_wallet_discrepancies"
            f" values ({SOMEBODY}, 'xp_booster')",
            "booster lost is not repaired: 1 still wrong.",
        ),
        (
            "insert into dbt_claim_reconciliation.fct_wallet_discrepancies"
            f" values ({SOMEBODY}, 'streakshield')",
            "the models still list 1 balances of repaired users.",
        ),
        (
            "insert into claim_ops.line_states select 1, user_id, 'pending', null,"
            """ '{"discrepancies": {"streakshield": "short"}}' from sandbox.injected_faults"""
            " where in_flight",
            "planned although in flight: 6 balances.",
        ),
        (
            "insert into claim_ops.line_states select 1, user_id, 'applied', null,"
            """ '{"discrepancies": {"streakshield": "short"}}' from sandbox.users"""
            " where user_number = 1500",
            "planned although nobody had spoilt them: 1 wallets.",
        ),
    ],
)
def test_the_outcome_names_what_is_not_repaired_and_who_should_not_be(
    database: Database, change: str, complaint: str | None
) -> None:
    with database.connect() as connection:
        create_history(connection, USERS, "text")
        inject_fault(connection, "booster lost", wallets=15)
        inject_fault(connection, IN_FLIGHT, wallets=6)
        connection.execute(ALL_REPAIRED)
        connection.execute(change.encode())
        outcome = look_at_outcome(connection)
    assert outcome.complaint() == complaint
    assert sum(repair.repaired for repair in outcome.repairs) in (14, 15)


def test_a_command_that_ends_otherwise_than_expected_ends_the_demo(tmp_path: Path) -> None:
    console = Console(record=True)
    demo = Demo(console, console.status(""))
    demo.server = Server(tmp_path)
    claimctl(demo, "mira", "show", "1", expect=3)
    printed = console.export_text()
    assert "$ PGUSER=mira claimctl show 1" in printed
    assert "No connection to the database" in printed
    assert "(exit code 3)" in printed
    with pytest.raises(DemoError, match="claimctl show ended with exit code 3, not 0"):
        claimctl(demo, "mira", "show", "1")


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def incident(*states: tuple[str, int]) -> Replay:
    """Minutes of a replay, so many of each state."""
    each = [state for state, minutes in states for _ in range(minutes)]
    return Replay(
        [
            Minute(NOON + timedelta(minutes=number), 0.1, state, state != "ok")
            for number, state in enumerate(each)
        ]
    )


def test_a_replay_is_as_it_should_be() -> None:
    replayed = incident(("ok", 5), ("pending", 14), ("firing", 10), ("ok", 5))
    assert replayed.complaint() is None
    assert "pending from 12:05 on, fired at 12:19" in str(replayed)
    assert "was over at 12:29 UTC" in str(replayed)


@pytest.mark.parametrize(
    ("states", "complaint"),
    [
        ([("ok", 5), ("pending", 14), ("ok", 5)], "did not fire"),
        ([("ok", 5), ("pending", 13), ("firing", 9), ("ok", 5)], "after 13 pending minutes"),
        ([("ok", 5), ("firing", 9), ("pending", 14), ("ok", 5)], "after 14 pending minutes"),
        ([("ok", 5), ("pending", 14), ("firing", 9)], "not ok before and after"),
        ([], "did not fire"),
    ],
)
def test_a_replay_that_is_not_is_named(states: list[tuple[str, int]], complaint: str) -> None:
    assert complaint in str(incident(*states).complaint())


def test_a_replay_is_drawn_a_column_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    print_replay(Console(), incident(("ok", 2), ("pending", 14), ("firing", 1), ("no_data", 1)))
    _, bars, letters, axis, _ = capsys.readouterr().out.strip("\n").splitlines()
    assert letters.strip() == "··ppppppppppppppF?"
    assert len(bars.strip()) == 18
    assert axis.split() == ["12:00", "12:15"]
