"""A build that computes only the users whose rows changed leaves what a full one would."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sandbox.history import create_history
from sandbox.traffic import account_for, start_traffic, stop_traffic
from support.databases import MODELS_SCHEMA, Database, Templates
from support.dbt_project import DbtProject
from support.guard import SHIELD
from support.histories import CATALOG, store_catalog
from support.wallet_rounds import KEPT, MODELS, Builds, Rounds, World

ROUNDS = 30
STAGING = ("stg_claim_service__*", "stg_claim_ops__*")
PARTITIONS = """
drop table purchase_claims;
create table purchase_claims (
    tx_id text, user_id text, sku text, claimed_at timestamptz, primary key (tx_id, claimed_at)
) partition by range (claimed_at);
create table claims_before partition of purchase_claims
for values from (minvalue) to (now() - interval '5 days');
create table claims_since partition of purchase_claims
for values from (now() - interval '5 days') to (maxvalue);
"""
WORLDS = {
    "max": World(),
    "extend": World("uuid", adjusts=True, vars={"booster_stacking_policy": "extend"}),
    "adjusted": World(adjusts=True, vars={"settle_minutes": 0, "negative_ledger_policy": "clamp"}),
    "partitions": World(tables=PARTITIONS),
    "filter": World(
        "uuid",
        vars={"claim_service_filters": {"purchase_claims": "deleted_at is null"}},
        tables="alter table purchase_claims add column deleted_at timestamptz",
        soft_deletes=(("deleted_at = now() + %s", timedelta(0)), ("deleted_at = %s", None)),
    ),
}


def first_build(templates: Templates, dbt: DbtProject, world: World) -> Builds:
    """Let dbt build an empty service once, and keep it for the histories."""
    database = templates.fresh_database(world.user_id_type)
    database.execute("alter table purchase_claims alter user_id drop not null")
    if world.tables:
        database.execute(world.tables)
    with database.connect() as connection:
        store_catalog(CATALOG, MODELS_SCHEMA, connection)
    chosen = (*STAGING, "int_wallet_balances", *MODELS)
    outcome = dbt.run("run", "--select", *chosen, vars=world.all_vars)
    assert outcome.success, outcome.explain()
    templates.keep("incremental")
    return Builds.of(dbt.scratch / "target")


def play(templates: Templates, builds: Builds, world: World, seed: int) -> None:
    """Let a history go by, with a build after each round, some of them killed, some doubled."""
    database = templates.fresh_database("incremental")
    rounds = Rounds(seed, database, datetime.now(UTC), world)
    with database.connect() as connection:
        rounds.fill(connection)
        assert builds.build(connection, rounds.now).startswith("All users were computed")
        for number in range(ROUNDS):
            rounds.round(connection)
            if rounds.rng.random() < 0.1:
                before = state(database)
                builds.kill_one(database, rounds.now)
                assert state(database) == before, (seed, number)
            if rounds.rng.random() < 0.1:
                builds.build_twice_at_once(database, rounds.now)
            else:
                builds.build(connection, rounds.now)
            assert builds.differences(connection) == [], (seed, number, builds.said[-1])
    rounds.end()


def state(database: Database) -> list[tuple[object, ...]]:
    return database.rows(f"select * from {KEPT} order by user_id") + database.rows(
        f"select * from {KEPT}__state"
    )


def histories(templates: Templates, dbt: DbtProject, name: str, number: int) -> Builds:
    builds = first_build(templates, dbt, WORLDS[name])
    for _ in range(number):
        play(templates, builds, WORLDS[name], random.randrange(2**32))
    assert builds.full == number, builds.said
    return builds


@pytest.mark.parametrize("name", WORLDS)
def test_incremental_builds_leave_what_a_full_one_would(
    name: str, templates: Templates, dbt: DbtProject
) -> None:
    """30 histories, six of each kind of service; `make test-histories` plays 60 of each."""
    number = int(os.environ.get("HISTORIES", "6"))
    builds = histories(templates, dbt, name, number)
    found = [said for said in builds.said if " 0 of them by their count" not in said]
    assert len(found) > number * 4


@pytest.fixture
def quiet(templates: Templates, dbt: DbtProject) -> tuple[Builds, Database, datetime]:
    """A service with a past and its first build; the moment of that."""
    world = WORLDS["adjusted"]
    builds = first_build(templates, dbt, world)
    database = templates.fresh_database("incremental")
    rounds = Rounds(1, database, datetime.now(UTC), world)
    with database.connect() as connection:
        rounds.fill(connection)
        builds.build(connection, rounds.now)
    return builds, database, rounds.now


def test_what_is_kept_holds_or_everyone_is_computed(
    quiet: tuple[Builds, Database, datetime],
) -> None:
    """Each reason is said, and what is left is right."""
    builds, database, now = quiet
    others = "a table was exchanged, emptied or rewritten, or the server is another"
    catalog = f"{MODELS_SCHEMA}.sku_catalog"
    reasons = {
        f"update {catalog} set quantity = quantity + 1": "the rules, the catalogue or the code",
        "truncate wallet_adjustments": others,
        "vacuum full purchase_claims": others,
        "alter table user_wallet_balances add column loud int default random()": others,
        f"update {KEPT}__state set built_at = built_at + interval '1 day'": "the clock went back",
        f"update {KEPT}__state set snapshot_xmin = '99999999'": "the transactions went back",
        f"truncate {KEPT}__live": "the counts of rows do not agree",
        f"truncate {KEPT}__base": "what was kept is lost",
        f"truncate {KEPT}__claims": "what was kept is lost",
        f"drop table {KEPT}__claims": "nothing is kept yet",
        f"truncate {KEPT}__state": "nothing is kept yet",
        f"drop table {KEPT}__base cascade": "nothing is kept yet",
        "insert into user_wallet_balances (user_id, streakshield_count)"
        " select n::text, 1 from generate_series(1, 1001) as n": "the rows of more than a fifth",
    }
    with database.connect() as connection:
        for number, (statement, reason) in enumerate(reasons.items()):
            at = now + timedelta(minutes=number)
            assert not builds.build(connection, at).startswith("All"), statement
            connection.execute(statement.encode())
            assert builds.build(connection, at).startswith(f"All users were computed: {reason}")
            assert builds.differences(connection) == [], statement


def test_a_number_of_a_transaction_may_have_wrapped(
    quiet: tuple[Builds, Database, datetime],
) -> None:
    """The bookmark just below the end of the 32 bits, the rows just above their beginning."""
    builds, database, now = quiet
    with database.connect() as connection:
        builds.build(connection, now)
        connection.execute(f"update {KEPT}__state set snapshot_xmin = '4294967290'".encode())
        connection.execute("update user_wallet_balances set streakshield_count = 77")
        later = builds.statements
        for bound in ("pg_snapshot_xmin(v_snapshot)", "pg_snapshot_xmax(v_snapshot)"):
            later = later.replace(bound, f"({bound}::text::numeric + 4294967296)::text::xid8")
        connection.execute(later.encode())
        connection.execute("commit")
        said = database.value(f"select said from {KEPT}__state")
        assert not said.startswith("All"), said
        assert builds.differences(connection) == []


def test_nothing_is_read_twice_of_who_is_at_rest(
    quiet: tuple[Builds, Database, datetime],
) -> None:
    """What is published is read of the others: the filter leaves no scan of the base."""
    builds, database, now = quiet
    with database.connect() as connection:
        builds.build(connection, now + timedelta(days=90))
        assert database.value(f"select count(*) from {KEPT} where is_at_rest") > 0
        for model in builds.models.values():
            plan = connection.execute(f"explain {model}".encode()).fetchall()
            assert "int_wallet_balances__base" not in str(plan)


def test_of_two_builds_one_waits_and_sees_what_the_other_left(
    quiet: tuple[Builds, Database, datetime],
) -> None:
    builds, database, now = quiet
    with database.connect() as connection:
        connection.execute("update user_wallet_balances set streakshield_count = 5")
        builds.build_twice_at_once(database, now)
        assert builds.said[-1].startswith("0 of ")
        assert builds.differences(connection) == []


def test_a_kill_before_the_commit_changes_nothing(
    quiet: tuple[Builds, Database, datetime],
) -> None:
    builds, database, now = quiet
    for statement in (
        "update user_wallet_balances set streakshield_count = 5",
        "truncate user_wallet_balances",
    ):
        before = state(database)
        database.execute(statement)
        builds.kill_one(database, now)
        assert state(database) == before
        with database.connect() as connection:
            builds.build(connection, now)
            assert builds.differences(connection) == []
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.execute(f"select from {KEPT}__due")


@pytest.mark.slow
def test_a_drift_of_what_is_kept_is_an_error(templates: Templates, dbt: DbtProject) -> None:
    """Found by the test's own build, of each user in turn, and mended; nobody else is blamed."""
    vars = {"wallet_check_parts": 2}
    database = templates.fresh_database()
    database.execute(
        "insert into user_wallet_balances (user_id, streakshield_count, updated_at)"
        " select 'user-' || n, 0, now() - interval '1 day' from generate_series(1, 20) as n"
    )

    def build(*selected: str) -> list[str]:
        chosen = ("int_wallet_balances", "rpt_wallet_build", *selected)
        outcome = dbt.build("--select", *chosen, "--indirect-selection", "empty", vars=vars)
        assert outcome.named("skipped", "error") == set(), outcome.explain()
        found = database.value(f"select drifted from {KEPT}__state")
        if "wallets_are_up_to_date" in selected:
            assert outcome.failures("wallets_are_up_to_date") == len(found)
        return list(found)

    build("sku_catalog", *STAGING)
    assert build("wallets_are_up_to_date") == []
    database.execute(f"update {KEPT}__base set claims = 7 where user_id < 'user-2'")
    with database.connect() as connection:
        connection.execute("insert into purchase_claims values ('tx', 'user-1', 'unknown', now())")
    drifted = build("wallets_are_up_to_date") + build("wallets_are_up_to_date")
    assert sorted(drifted) == [f"user-{number}" for number in range(10, 20)]
    # Of the claims that are kept of the wrong, one is lost and one is nobody's.
    wrong = "insert into purchase_claims select 'tx-' || n, 'user-' || n,"
    database.execute(f"{wrong} '{SHIELD}', now() from generate_series(2, 4) as n")
    build()
    database.execute(f"delete from {KEPT}__claims where user_id = 'user-2'")
    database.execute(f"update {KEPT}__claims set tx_id = 'another' where user_id = 'user-3'")
    drifted = build("wallets_are_up_to_date") + build("wallets_are_up_to_date")
    assert sorted(drifted) == ["user-2", "user-3"]
    assert build("wallets_are_up_to_date") + build("wallets_are_up_to_date") == []


@pytest.mark.slow
def test_beside_live_writers_only_what_was_done_to_wallets_is_found(
    templates: Templates, dbt: DbtProject, tmp_path: Path
) -> None:
    """Atomic writers, nothing to settle, 40 builds: the snapshot and what is kept hold together."""
    world = World(vars={"settle_minutes": 0}, adjusts=False)
    builds = first_build(templates, dbt, world)
    database = templates.fresh_database("incremental")
    users = 2_000
    with database.connect() as connection:
        create_history(connection, users, user_id_type="text")
        builds.build(connection, datetime.now(UTC))
        start_traffic(tmp_path, database.dsn, users, kinds=("atomic",) * 3, per_second=120)
        try:
            spoilt: set[str] = set()
            for number in range(40):
                if number % 4 == 0:
                    spoilt.add(spoil_wallet(connection, users - 1 - number))
                said = builds.build(connection, datetime.now(UTC))
                assert not said.startswith("All"), said
                found = connection.execute(builds.models["fct_wallet_discrepancies"].encode())
                assert {row[0] for row in found} == spoilt, number
        finally:
            stop_traffic(tmp_path)
        account = account_for(connection, tmp_path)
        # How many depends on how long 40 builds take here.
        assert account.acknowledged > 20
        assert (account.lost_claims, account.unacknowledged_claims) == (0, 0)
        builds.build(connection, datetime.now(UTC))
        assert builds.differences(connection) == []


def spoil_wallet(connection: psycopg.Connection, number: int) -> str:
    """Give a user shields that nobody claimed, and leave the wallet's time as it is."""
    row = connection.execute(
        "update user_wallet_balances set streakshield_count = streakshield_count + 1000"
        " where user_id = md5('user ' || %s::int)::uuid::text returning user_id",
        [number],
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.slow
def test_a_source_that_shows_no_version_of_a_row_is_read_whole(
    templates: Templates, dbt: DbtProject
) -> None:
    """A view, an expression, a condition on more than the row, two wallets: each is said."""
    view = "wallet_adjustments is no plain table"
    cases: list[tuple[str, dict[str, object], str]] = [
        (
            "alter table wallet_adjustments rename to stored;"
            " create view wallet_adjustments as select * from stored",
            {},
            view,
        ),
        (
            "",
            {"claim_service_columns": {"wallet_adjustments": {"quantity": "quantity + 0"}}},
            "wallet_adjustments.quantity is an expression",
        ),
        (
            "",
            {"claim_service_filters": {"purchase_claims": "claimed_at < now()"}},
            "the condition of purchase_claims depends on more than its row",
        ),
        (
            "alter table user_wallet_balances drop constraint user_wallet_balances_pkey",
            {},
            "no key of user_wallet_balances keeps a user from a second wallet",
        ),
    ]
    for statement, vars, reason in cases:
        database = templates.fresh_database()
        if statement:
            database.execute(statement)
        for more in (["sku_catalog", *STAGING], []):
            chosen = ("--indirect-selection", "empty", "--select", "int_wallet_balances", *more)
            outcome = dbt.build(*chosen, vars={"has_wallet_adjustments": True, **vars})
            assert outcome.success, outcome.explain()
            said = database.value(f"select said from {KEPT}__state")
            assert said.startswith(f"All users were computed: {reason}"), said


@pytest.mark.slow
def test_a_table_of_an_earlier_version_gives_way(templates: Templates, dbt: DbtProject) -> None:
    """So do the views on it, which read the new rows when the run ends."""
    database = templates.fresh_database()
    database.execute(
        f"""
        create schema {MODELS_SCHEMA};
        create table {KEPT} (user_id text, has_wallet boolean);
        create view public.theirs as select user_id, has_wallet from {KEPT};
        insert into user_wallet_balances (user_id) values ('anna');
        """
    )
    outcome = dbt.run("run", "--select", *STAGING, "sku_catalog", "int_wallet_balances")
    assert not outcome.success  # There is no catalogue yet.
    assert database.rows("select * from public.theirs") == []
    chosen = ("--select", *STAGING, "sku_catalog", "int_wallet_balances")
    outcome = dbt.build(*chosen, "--indirect-selection", "empty")
    assert outcome.success, outcome.explain()
    assert database.rows("select * from public.theirs") == [("anna", True)]
    retired = "select from pg_class where relname like 'int_wallet_balances__retired%'"
    assert database.rows(retired) == []
