"""install_guard: all of it or nothing, over what is there, and only where it can see every row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from support.databases import MODELS_SCHEMA
from support.guard import RUNNER, Guard, assert_says_what_to_do
from support.guard_templates import NOTHING_OPTIONAL, NOTHING_TO_SETTLE, Guards


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
    with guard.refuses("CO104", "repoint: true"):
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


# Default privileges of others

API = """
    drop role if exists anon;
    create role anon;
    alter default privileges grant all on schemas to anon;
    alter default privileges grant all on tables to anon;
    alter default privileges grant all on sequences to anon;
    alter default privileges grant all on functions to anon;
"""
NO_API = "drop owned by anon; drop role anon;"
RIGHTS_ON_THE_GUARD = """
    with objects (name, acl) as (
        select nspname, nspacl from pg_namespace where nspname = 'claim_ops'
        union all
        select relname, relacl from pg_class where relnamespace = 'claim_ops'::regnamespace
        union all
        select attname, attacl from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'claim_ops'::regnamespace
        union all
        select proname, coalesce(proacl, acldefault('f', proowner)) from pg_proc
        where pronamespace = 'claim_ops'::regnamespace
    )
    select distinct case when grantee = 0 then 'public' else grantee::regrole::text end
    from objects, aclexplode(acl)
    order by 1
"""
GUARDS_OWN = [
    *("claim_alerter", "claim_applier", "claim_approver", "claim_guard", "claim_owner"),
    *("claim_planner", "claim_reader", "claim_writer"),
]


def test_no_role_but_the_guards_own_has_a_right_on_it(without_guard: Guard, script: str) -> None:
    guard = without_guard
    guard.execute(API)
    try:
        guard.execute(script)
        assert [name for (name,) in guard.rows(RIGHTS_ON_THE_GUARD)] == GUARDS_OWN
        # Nor does it stay where somebody gave it later.
        guard.execute(
            """
            grant all on all tables in schema claim_ops to anon;
            grant update (state) on claim_ops.plans to public;
            grant usage on schema claim_ops to anon with grant option;
            set role anon;
            grant usage on schema claim_ops to public;
            """
        )
        guard.execute(script)
        assert [name for (name,) in guard.rows(RIGHTS_ON_THE_GUARD)] == GUARDS_OWN
    finally:
        guard.execute(NO_API)


def test_what_a_build_makes_is_read_by_the_guard_and_only_read_by_others(
    guard: Guard, guards: Guards
) -> None:
    view = f"{MODELS_SCHEMA}.stg_claim_service__store_config"
    guard.execute(
        f"{API}; drop view {view} cascade; revoke usage on schema {MODELS_SCHEMA} from claim_guard"
    )
    try:
        outcome = guards.dbt.run(
            "run", "--select", "stg_claim_service__store_config", vars=NOTHING_OPTIONAL
        )
        assert outcome.success, outcome.explain()
        rights = guard.rows(
            f"""
            select grantee::regrole::text, privilege_type from pg_class, aclexplode(relacl)
            where pg_class.oid = '{view}'::regclass and grantee <> relowner order by 1
            """
        )
        assert rights == [(name, "SELECT") for name in ("anon", "claim_guard", "claim_reader")]
        assert guard.value(
            f"select has_schema_privilege('claim_guard', '{MODELS_SCHEMA}', 'usage')"
        )
    finally:
        guard.execute(NO_API)


def test_a_dry_run_refuses_what_an_install_refuses(without_guard: Guard, guards: Guards) -> None:
    dry_run = ("run-operation", "install_guard", "--args", "{dry_run: true}")
    assert guards.dbt.run(*dry_run, vars=NOTHING_OPTIONAL).success
    assert without_guard.value("select to_regnamespace('claim_ops')") is None
    without_guard.execute(
        "alter table user_wallet_balances drop constraint user_wallet_balances_pkey"
    )
    assert not guards.dbt.run(*dry_run, vars=NOTHING_OPTIONAL).success


# What it cannot see

VIEW = """
    alter table {table} rename to {table}_of_all;
    create view {table} as select * from {table}_of_all where true;
"""


@pytest.mark.parametrize("table", ["purchase_claims", "user_wallet_balances", "store_config"])
def test_a_view_is_no_source(without_guard: Guard, script: str, table: str) -> None:
    without_guard.execute(VIEW.format(table=table))
    refusal = refused(without_guard, script, "CO103")
    assert f'"{table}" is not a table' in str(refusal)
    assert "claim_service_tables" in str(refusal.diag.message_hint)


def test_a_view_may_stand_for_what_is_only_read(without_guard: Guard, script: str) -> None:
    without_guard.execute(VIEW.format(table="audit_purchases"))
    without_guard.execute(script)
    assert without_guard.value("select to_regnamespace('claim_ops') is not null")


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
            refusal = refused(guard, script, "CO102")
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
            with guard.refuses("CO102", "alter role claim_guard bypassrls"):
                guard.execute(script)
        else:
            guard.execute(script)
            guard.apply(guard.approve(guard.plan()))
            assert guard.shields("alice") == 2
    finally:
        guard.execute("alter table purchase_claims owner to postgres; drop role shopkeeper")


def refused(guard: Guard, script: str, code: str) -> psycopg.Error:
    """Expect the install to be refused for its sources, and to have left nothing."""
    with pytest.raises(psycopg.Error) as caught:
        guard.execute(script)
    assert caught.value.sqlstate == code, caught.value
    assert_says_what_to_do(caught.value)
    assert guard.value("select to_regnamespace('claim_ops')") is None
    return caught.value
