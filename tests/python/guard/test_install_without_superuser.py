"""install_guard by a login with CREATEROLE, on a server that has never seen the guard."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from sandbox.server import binaries
from support.databases import DATABASE, MODELS_SCHEMA, running_server
from support.guard import LOGINS, RUNNER, Guard, assert_says_what_to_do
from support.guard_templates import NOTHING_TO_SETTLE, Guards, build_by_the_rules

INSTALLER = "installer"
# From this version on a member may inherit, set the role, or grant it, each by itself.
PARTED_MEMBERSHIP = 16


@pytest.fixture
def elsewhere(guards: Guards) -> Iterator[Guard]:
    """A server of its own, where the installer owns the service's tables and the models."""
    models = guards.with_models()
    with running_server() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            for statement in (
                f"create role {INSTALLER} login createrole",
                f"create database {DATABASE} owner {INSTALLER}",
            ):
                connection.execute(statement.encode())
        guard = Guard(server)
        dump = subprocess.run(
            [binaries() / "pg_dump", "--no-owner", "--no-privileges", "--dbname", models.dsn],
            check=True,
            capture_output=True,
        )
        subprocess.run(
            [
                *(binaries() / "psql", "--quiet", "--set", "ON_ERROR_STOP=1"),
                *("--dbname", server.dsn(DATABASE, INSTALLER)),
            ],
            check=True,
            input=dump.stdout,
            capture_output=True,
        )
        yield guard


@pytest.fixture
def script(guards: Guards) -> str:
    """What install_guard runs."""
    return guards.script(NOTHING_TO_SETTLE)


def run(guard: Guard, script: str, login: str = INSTALLER) -> None:
    with guard.session(login) as connection:
        connection.execute(f"begin; {script} commit;".encode())


def roles(guard: Guard) -> list[str]:
    return [
        name for (name,) in guard.rows("select rolname from pg_roles where rolname ~ '^claim_'")
    ]


def rights_of(guard: Guard, login: str) -> list[str]:
    """Return the owners' roles whose rights a login has, or could take on."""
    has = "usage, set" if guard.version() >= PARTED_MEMBERSHIP else "member"
    return [
        name
        for (name,) in guard.rows(
            f"""
            select rolname from pg_roles
            where rolname in ('claim_owner', 'claim_guard', 'claim_writer')
                and pg_has_role('{login}', oid, '{has}')
            """
        )
    ]


def test_a_login_that_may_create_roles_installs_and_keeps_no_right(
    elsewhere: Guard, script: str
) -> None:
    guard = elsewhere
    run(guard, script)
    with guard.session(INSTALLER) as connection:
        for login, role in LOGINS.items():
            connection.execute(f"create role {login} login in role {role}".encode())
    with guard.connect() as connection:
        build_by_the_rules(connection)
    assert rights_of(guard, INSTALLER) == []
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    run(guard, script)
    assert rights_of(guard, INSTALLER) == []
    assert guard.call(RUNNER, "verify_plan", plan)["as_written"] == 1
    guard.apply(guard.roll_back(plan))
    assert guard.shields("alice") == 1
    assert guard.rows("select * from claim_ops.check_journal()") == []


def test_an_install_that_fails_leaves_not_even_a_role(elsewhere: Guard, script: str) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(elsewhere, f"{script} select 1 / 0;")
    assert roles(elsewhere) == []
    assert elsewhere.value("select to_regnamespace('claim_ops')") is None


def test_all_that_is_missing_is_one_script(elsewhere: Guard, script: str) -> None:
    guard = elsewhere
    guard.execute(
        f"""
        create role shopkeeper login;
        create role builder login;
        create schema shop authorization shopkeeper;
        grant usage on schema shop to {INSTALLER};
        alter table purchase_claims owner to shopkeeper;
        alter table user_wallet_balances owner to postgres;
        alter table user_wallet_balances enable row level security;
        alter schema {MODELS_SCHEMA} owner to builder;
        """
    )
    for (relation,) in guard.rows(
        f"""
        select oid::regclass::text from pg_class
        where relnamespace = '{MODELS_SCHEMA}'::regnamespace and relkind in ('r', 'v')
        """
    ):
        guard.execute(f"alter table {relation} owner to builder")
    # The installer has to read the catalogue, and who built the models.
    guard.execute(f"grant usage on schema {MODELS_SCHEMA} to {INSTALLER}")
    guard.execute(f"grant select on all tables in schema {MODELS_SCHEMA} to {INSTALLER}")
    with pytest.raises(psycopg.Error) as caught:
        run(guard, script)
    assert caught.value.sqlstate == "CO102", caught.value
    assert_says_what_to_do(caught.value)
    lacking = str(caught.value.diag.message_detail)
    for what in (
        *("claim_guard on purchase_claims", "claim_writer on purchase_claims"),
        *("claim_guard on user_wallet_balances", f"claim_reader on {MODELS_SCHEMA}.rpt_alerts"),
        f"claim_reader on schema {MODELS_SCHEMA}",
        "row-level security on user_wallet_balances hides rows from claim_writer",
    ):
        assert what in lacking
    assert roles(guard) == []
    follow(guard, str(caught.value.diag.message_hint))
    run(guard, script)
    assert guard.value("select pg_has_role('builder', 'claim_reader', 'usage')")


def follow(guard: Guard, hint: str) -> None:
    """Do what the hint of a refusal says, each statement as the login that it names."""
    first, *sections = re.split(r"/\* as (.*?) \*/ ", hint)
    assert first == "Run this, then install again: "
    for who, statements in zip(sections[::2], sections[1::2], strict=True):
        login = "postgres" if who == "a superuser" else who
        with guard.session(login) as connection:
            connection.execute(statements.encode())


def test_a_schema_that_is_closed_is_named(elsewhere: Guard, script: str) -> None:
    elsewhere.execute(
        f"""
        alter schema public owner to postgres;
        revoke usage on schema public from public;
        grant usage on schema public to {INSTALLER};
        """
    )
    with pytest.raises(psycopg.Error) as caught:
        run(elsewhere, script)
    assert caught.value.sqlstate == "CO102"
    assert_says_what_to_do(caught.value, "grant usage on schema public to claim_guard")


def test_another_installer_is_told_what_he_lacks(elsewhere: Guard, script: str) -> None:
    guard = elsewhere
    run(guard, script)
    guard.execute("create role successor login createrole")
    # Before, whoever may create roles lends himself any role.
    if guard.version() >= PARTED_MEMBERSHIP:
        with pytest.raises(psycopg.Error) as caught:
            run(guard, script, "successor")
        assert caught.value.sqlstate == "CO101"
        assert_says_what_to_do(caught.value, "grant claim_owner")
        hint = str(caught.value.diag.message_hint)
        guard.execute(hint[hint.index("grant claim_owner") :])
    # The service's tables and the models go with the office.
    guard.execute(f"grant {INSTALLER} to successor")
    run(guard, script, "successor")
    assert rights_of(guard, "successor") == []


def test_a_login_without_createrole_is_told_so(elsewhere: Guard, script: str) -> None:
    elsewhere.execute("create role visitor login")
    with pytest.raises(psycopg.Error) as caught:
        run(elsewhere, script, "visitor")
    assert caught.value.sqlstate == "CO101"
    assert_says_what_to_do(caught.value, "alter role visitor createrole")


def test_a_login_that_may_not_create_the_schema_is_told_so(elsewhere: Guard, script: str) -> None:
    elsewhere.execute("create role newcomer login createrole")
    with pytest.raises(psycopg.Error) as caught:
        run(elsewhere, script, "newcomer")
    assert caught.value.sqlstate == "CO101"
    assert_says_what_to_do(caught.value, f"grant create on database {DATABASE} to newcomer")
    assert roles(elsewhere) == []
