"""install_guard: all of it or nothing, over what is there, and only where it can see every row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from support.guard import RUNNER, Guard, assert_says_what_to_do
from support.guard_templates import NOTHING_TO_SETTLE, Guards


@pytest.fixture
def script(guards: Guards) -> str:
    """What install_guard runs, in the transaction that it runs in."""
    return f"begin; {guards.script(NOTHING_TO_SETTLE)} commit;"


@pytest.fixture
def without_guard(guards: Guards) -> Guard:
    """A database with the service's tables and the models alone."""
    return guards.with_models()


def schema(guard: Guard) -> list[list[tuple[Any, ...]]]:
    """Return all that stands in claim_ops, each thing by its oid."""
    return [
        guard.rows(f"select oid, * from {catalog} where {column} = 'claim_ops'::regnamespace")
        for catalog, column in (("pg_class", "relnamespace"), ("pg_proc", "pronamespace"))
    ] + [guard.rows("select * from claim_ops.settings, pg_namespace where nspname = 'claim_ops'")]


# By dbt


def test_dbt_installs_and_repoints_only_when_told_to(guard: Guard, guards: Guards) -> None:
    guard.execute("update claim_ops.settings set models_schema = 'elsewhere'")
    before = schema(guard)
    assert not guards.dbt.run("run-operation", "install_guard").success
    assert schema(guard) == before
    told = guards.dbt.run("run-operation", "install_guard", "--args", "{repoint: true}")
    assert told.success, told.exception
    assert guard.value("select models_schema from claim_ops.settings") != "elsewhere"
    assert guard.value("select settings ->> 'settle_minutes' from claim_ops.settings") == "180"


def test_another_schema_of_models_has_to_be_asked_for(guard: Guard, script: str) -> None:
    guard.execute("update claim_ops.settings set models_schema = 'elsewhere'")
    with guard.refuses("CO013", "repoint: true"):
        guard.execute(script)


# Over what is there


def test_an_upgrade_keeps_plans_and_journal(guard: Guard, script: str) -> None:
    guard.add_short_wallets(2)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=1)
    guard.call(RUNNER, "pause", "upgrade")
    before = guard.snapshot()
    guard.execute(
        "create function claim_ops.of_an_older_version() returns int language sql as 'select 1'"
    )
    guard.execute(script)
    after = guard.snapshot()
    for table in before:
        assert after[table][: len(before[table])] == before[table]
    assert guard.value("select to_regproc('claim_ops.of_an_older_version')") is None
    assert guard.rows(
        "select event, actor from claim_ops.journal order by entry_id desc limit 1"
    ) == [("installed", "postgres")]
    guard.call(RUNNER, "resume", "done")
    assert guard.apply(plan)["applied"] == 2
    assert guard.rows("select * from claim_ops.check_journal()") == []


def test_two_installs_at_once_are_two_in_turn(
    without_guard: Guard, script: str, beside: ThreadPoolExecutor
) -> None:
    guard = without_guard
    with guard.connect(autocommit=False) as first:
        first.execute(script.removeprefix("begin;").removesuffix("commit;").encode())
        second = beside.submit(guard.execute, script)
        guard.wait_until("count(*) = 1 from pg_stat_activity where wait_event = 'advisory'")
        first.commit()
        second.result()
    assert guard.rows("select batch_id, event from claim_ops.journal order by 1") == [
        (1, "installed"),
        (2, "installed"),
    ]


def test_an_upgrade_that_fails_changes_nothing(guard: Guard, script: str) -> None:
    guard.add_short_wallet("alice")
    guard.plan()
    before = schema(guard)
    with guard.refuses("22012"):
        guard.execute(script.replace("commit;", "select 1 / 0; commit;"))
    assert schema(guard) == before


# What it cannot see

VIEW = """
    alter table {table} rename to {table}_of_all;
    create view {table} as select * from {table}_of_all where true;
"""


@pytest.mark.parametrize(
    "table", ["purchase_claims", "user_wallet_balances", "audit_purchases", "store_config"]
)
def test_a_view_is_no_source(without_guard: Guard, script: str, table: str) -> None:
    without_guard.execute(VIEW.format(table=table))
    refusal = refused(without_guard, script)
    assert f'"{table}" is not a table' in str(refusal)
    assert "claim_service_tables" in str(refusal.diag.message_hint)


def test_a_missing_table_is_named(without_guard: Guard, script: str) -> None:
    without_guard.execute("drop table audit_purchases cascade")
    with pytest.raises(psycopg.Error, match="audit_purchases"):
        without_guard.execute(script)
    assert without_guard.value("select to_regnamespace('claim_ops')") is None


@pytest.mark.parametrize("force", ["", "; alter table {table} force row level security"])
@pytest.mark.parametrize("table", ["purchase_claims", "user_wallet_balances", "store_config"])
def test_rows_must_not_be_hidden(without_guard: Guard, script: str, table: str, force: str) -> None:
    guard = without_guard
    guard.execute(f"alter table {table} enable row level security {force.format(table=table)}")
    roles = ["claim_guard", "claim_writer"]
    try:
        for role in roles:
            refusal = refused(guard, script)
            assert f"alter role {role} bypassrls" in str(refusal.diag.message_hint)
            guard.execute(f"alter role {role} bypassrls")
        guard.execute(script)
    finally:
        for role in roles:
            guard.execute(f"alter role {role} nobypassrls")


@pytest.mark.parametrize("force", [False, True])
def test_members_of_the_owner_see_every_row_unless_it_is_forced(
    guard: Guard, script: str, force: bool
) -> None:
    guard.execute(
        """
        drop role if exists shopkeeper;
        create role shopkeeper;
        alter table purchase_claims owner to shopkeeper;
        alter table purchase_claims enable row level security;
        grant shopkeeper to claim_guard, claim_writer;
        """
    )
    guard.add_short_wallet("alice")
    try:
        if force:
            guard.execute("alter table purchase_claims force row level security")
            with guard.refuses("CO013", "alter role claim_guard bypassrls"):
                guard.execute(script)
        else:
            guard.execute(script)
            guard.apply(guard.approve(guard.plan()))
            assert guard.shields("alice") == 2
    finally:
        guard.execute("alter table purchase_claims owner to postgres; drop role shopkeeper")


def refused(guard: Guard, script: str) -> psycopg.Error:
    """Expect the install to be refused for its sources, and to have left nothing."""
    with pytest.raises(psycopg.Error) as caught:
        guard.execute(script)
    assert caught.value.sqlstate == "CO013", caught.value
    assert_says_what_to_do(caught.value)
    assert guard.value("select to_regnamespace('claim_ops')") is None
    return caught.value
