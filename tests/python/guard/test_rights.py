"""Rights: the functions are the only way, and no search_path, policy or name misleads them."""

from __future__ import annotations

import pytest
from support.forgery import login
from support.guard import CHECKER, LOGINS, MAKER, RUNNER, Guard
from support.rights import GROUP_ROLES, OWNERS, rights_of, rights_on_the_page

OUTSIDERS = [*(set(GROUP_ROLES) - OWNERS), *LOGINS]


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan of the maker that gives alice the shield that she is owed."""
    guard.add_short_wallet("alice")
    return guard.plan()


# What stands in the catalog


def test_a_role_may_do_what_the_page_of_rights_says(guard: Guard) -> None:
    on_the_page = {
        key: {column: cells[column] for column in GROUP_ROLES}
        for key, cells in rights_on_the_page().items()
    }
    # Without its optional tables, on which nobody needs a right.
    absent = {("service", "queued_purchases"), ("service", "wallet_adjustments")}
    found = rights_of(guard, GROUP_ROLES)
    assert found.keys() == on_the_page.keys()
    assert {key: found[key] for key in found.keys() - absent} == {
        key: on_the_page[key] for key in on_the_page.keys() - absent
    }


def test_a_function_is_described_and_fixed_in_its_surroundings(guard: Guard) -> None:
    functions = guard.records(
        """
        select proname, provolatile, proconfig, prosrc, prosecdef, lower(lanname) as language,
            obj_description(pg_proc.oid, 'pg_proc') as description,
            pg_get_userbyid(proowner) as owner
        from pg_proc join pg_language on pg_language.oid = prolang
        where pronamespace = 'claim_ops'::regnamespace
        """
    )
    assert len(functions) >= 40
    for function in functions:
        name = function["proname"]
        assert function["description"], name
        assert function["provolatile"] == "v", name
        assert "search_path=pg_catalog, pg_temp" in function["proconfig"], name
        assert "statement_timeout" not in f"{function['prosrc']}{function['proconfig']}", name
        assert function["owner"] in ("claim_guard", "claim_writer", "claim_owner"), name
        assert function["language"] in ("sql", "plpgsql"), name


def test_what_a_login_calls_is_never_compiled(guard: Guard) -> None:
    """A server with LLVM would compile each look at lines that have no statistics, for seconds."""
    called = guard.rows(
        """
        select distinct proname, 'jit=off' = any(proconfig) from pg_proc
        cross join aclexplode(proacl) as granted
        where pronamespace = 'claim_ops'::regnamespace and grantee::regrole::text in
            ('claim_reader', 'claim_planner', 'claim_approver', 'claim_applier', 'claim_alerter')
        """
    )
    assert ("plan_wallets", True) in called
    assert [name for name, runs_without_jit in called if not runs_without_jit] == []


def test_what_reads_the_service_refuses_hidden_rows(guard: Guard) -> None:
    readers = guard.rows(
        r"""
        select proname, 'row_security=off' = any(proconfig) from pg_proc
        where pronamespace = 'claim_ops'::regnamespace
            and prosrc ~ '(from|join|into|update)\s+"public"'
        """
    )
    assert len(readers) >= 6
    assert all(is_off for _, is_off in readers), readers


def test_nobody_writes_but_the_functions(guard: Guard, subtests: pytest.Subtests) -> None:
    for role in OUTSIDERS:
        query = f"""
            select oid::regclass::text from pg_class
            where relkind in ('r', 'v', 'S')
                and (
                    relnamespace = 'claim_ops'::regnamespace
                    or '{role}' <> 'claim_writer' and oid in (
                        'user_wallet_balances'::regclass, 'purchase_claims'::regclass,
                        'store_config'::regclass
                    )
                )
                and has_table_privilege('{role}', oid, 'insert, update, delete, truncate, trigger')
        """
        with subtests.test(role):
            assert guard.rows(query) == []
            assert not guard.value(f"select has_schema_privilege('{role}', 'claim_ops', 'create')")


def test_plans_are_inserted_by_the_functions_role_alone(guard: Guard) -> None:
    assert guard.rows(
        """
        select grantee::regrole::text from pg_class, aclexplode(relacl)
        where oid = 'claim_ops.plans'::regclass and privilege_type = 'INSERT' order by 1
        """
    ) == [("claim_guard",), ("claim_owner",)]


def test_the_roles_of_the_guard_are_no_logins(guard: Guard) -> None:
    assert (
        guard.rows(
            """
        select rolname from pg_roles
        where rolname like 'claim!_%' escape '!'
            and (rolcanlogin or rolsuper or rolcreaterole or rolbypassrls)
        """
        )
        == []
    )


def test_the_role_that_writes_wallets_sees_no_evidence(guard: Guard) -> None:
    assert (
        guard.rows(
            """
        select oid::regclass::text from pg_class
        where relnamespace = 'claim_ops'::regnamespace and relkind in ('r', 'v')
            and has_table_privilege('claim_writer', oid, 'select')
        """
        )
        == []
    )


# What a login is told


def test_a_login_without_the_right_is_refused(
    guard: Guard, plan: int, subtests: pytest.Subtests
) -> None:
    calls: list[tuple[str, str, list[object]]] = [
        (MAKER, "approve_plan", [plan]),
        (RUNNER, "approve_plan", [plan]),
        (MAKER, "begin_apply", [plan]),
        (CHECKER, "begin_apply", [plan]),
        (CHECKER, "plan_wallets", ["test"]),
        (RUNNER, "plan_wallets", ["test"]),
        (MAKER, "resume", ["test"]),
        (RUNNER, "_write_wallets", [["alice"], [], []]),
        (RUNNER, "_insert_claims", [{}, None]),
        (RUNNER, "_delete_claims", ["alice", {}]),
        (RUNNER, "_write_switch", [{}, {}]),
        (RUNNER, "plan_kill_switch", ["test", False]),
        (CHECKER, "plan_queue", ["test"]),
        (RUNNER, "plan_override", ["test", "ticket", "tx", "alice"]),
        (MAKER, "break_glass", [plan, "test"]),
        (CHECKER, "_refuse", ["CO001", "a", "b", "c"]),
    ]
    for name, function, arguments in calls:
        with subtests.test(f"{name} {function}"), guard.refuses("42501"):
            guard.call(name, function, *arguments)


def test_a_login_without_any_role_sees_nothing(guard: Guard, plan: int) -> None:
    with (
        login(guard, "stranger"),
        guard.session("stranger") as connection,
        guard.refuses("42501"),
    ):
        connection.execute("select * from claim_ops.plans")


# Hostile surroundings

DECOYS = """
    create temp table plans (plan_id bigint);
    create temp table journal (plan_id bigint);
    create temp table pg_roles (oid oid, rolname name);
    create temp table pg_class (oid oid);
    create temp table user_wallet_balances (user_id text, streakshield_count integer);
    create temp table purchase_claims (tx_id text, user_id text, sku text, claimed_at timestamptz);
    set search_path = pg_temp, hostile, pg_catalog;
"""


def test_names_that_mislead_change_nothing(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    guard.execute(
        """
        create schema hostile;
        grant usage on schema hostile to public;
        create function hostile.sha256(bytea) returns bytea language sql
            as 'select ''''::bytea';
        create function hostile.clock_timestamp() returns timestamptz language sql
            as 'select timestamptz ''1999-01-01''';
        """
    )
    steps = [
        (MAKER, "plan_wallets('test')"),
        (CHECKER, "approve_plan(1)"),
        (RUNNER, "begin_apply(1)"),
        (RUNNER, "apply_batch(1, 0, 500, 1)"),
        (RUNNER, "finish_apply(1)"),
        (RUNNER, "verify_plan(1)"),
        (CHECKER, "check_journal()"),
    ]
    for name, step in steps:
        with guard.session(name) as connection:
            connection.execute(DECOYS.encode())
            connection.execute(f"select claim_ops.{step}".encode())
    assert (guard.state(1), guard.shields("alice")) == ("applied", 2)
    assert guard.value("select verification ->> 'as_written' from claim_ops.plans") == "1"
    assert guard.rows("select * from claim_ops.check_journal()") == []


# Rows that a policy hides

HIDE = """
    alter table {table} enable row level security;
    create policy nobody on {table} using (false);
"""


@pytest.mark.parametrize("table", ["purchase_claims", "user_wallet_balances"])
def test_a_policy_that_comes_later_is_an_error(guard: Guard, plan: int, table: str) -> None:
    guard.begin(guard.approve(plan))
    guard.execute(HIDE.format(table=table))
    with guard.refuses("42501"):
        guard.plan()
    with guard.refuses("42501"):
        guard.batch(plan)


def test_a_policy_on_the_audit_trail_is_an_error(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=1, shields=2)
    guard.execute(HIDE.format(table="audit_purchases"))
    with guard.refuses("42501"):
        guard.plan(include_excess=["streakshield"])


@pytest.mark.parametrize("table", ["purchase_claims", "audit_purchases", "user_wallet_balances"])
def test_a_policy_on_what_a_recovery_reads_is_an_error(guard: Guard, table: str) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    plan = guard.begin(guard.approve(override(guard)))
    guard.execute(HIDE.format(table=table))
    with guard.refuses("42501"):
        override(guard)
    with guard.refuses("42501"):
        guard.batch(plan)


def override(guard: Guard) -> int:
    return guard.make("plan_override", ticket="SUP-1", tx_id="tx", user_id="alice")


def test_a_policy_on_the_switch_is_an_error(guard: Guard) -> None:
    switch = guard.begin(guard.approve(guard.make("plan_kill_switch", is_on=False)))
    guard.execute(HIDE.format(table="store_config"))
    with guard.refuses("42501"):
        guard.make("plan_kill_switch", is_on=False)
    with guard.refuses("42501"):
        guard.batch(switch)
    with guard.refuses("42501"), guard.session() as connection:
        connection.execute("select * from claim_ops.show_switch()")


def test_roles_that_bypass_policies_work_on(guard: Guard, plan: int) -> None:
    for table in ("purchase_claims", "user_wallet_balances", "store_config"):
        guard.execute(HIDE.format(table=table))
    for role in ("claim_guard", "claim_writer"):
        guard.execute(f"alter role {role} bypassrls")
    try:
        guard.apply(guard.approve(plan))
        guard.apply(guard.approve(guard.make("plan_kill_switch", is_on=False)))
    finally:
        for role in ("claim_guard", "claim_writer"):
            guard.execute(f"alter role {role} nobypassrls")
    assert guard.shields("alice") == 2
