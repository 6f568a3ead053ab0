"""install_guard by a login with CREATEROLE, on a server that has never seen the guard."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sandbox.server import Server, binaries
from support.databases import DATABASE
from support.guard import LOGINS, RUNNER, Guard, assert_says_what_to_do
from support.guard_templates import NOTHING_TO_SETTLE, Guards, build_by_the_rules

INSTALLER = "installer"


@pytest.fixture
def elsewhere(guards: Guards) -> Iterator[Guard]:
    """A server of its own, where the installer owns the service's tables and the models."""
    models = guards.with_models()
    folder = Path(tempfile.mkdtemp(prefix="claim_reconciliation_install_"))
    try:
        with Server(folder) as server:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                for statement in (
                    f"create role {INSTALLER} login createrole",
                    f"create database {DATABASE} owner {INSTALLER}",
                ):
                    connection.execute(statement.encode())
            guard = Guard(server)
            dump = subprocess.run(
                [binaries() / "pg_dump", "--no-owner", "--dbname", models.dsn],
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
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    return [
        name
        for (name,) in guard.rows(
            f"""
            select rolname from pg_roles
            where rolname in ('claim_owner', 'claim_guard', 'claim_writer')
                and pg_has_role('{login}', oid, 'usage, set')
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


def test_the_grants_that_are_missing_are_named(elsewhere: Guard, script: str) -> None:
    guard = elsewhere
    tables = ["purchase_claims", "user_wallet_balances", "audit_purchases"]
    guard.execute("".join(f"alter table {table} owner to postgres;" for table in tables))
    for lacking in (
        "audit_purchases",
        'claim_guard lacks rights on "public"."purchase_claims',
        'claim_writer lacks rights on "public"."purchase_claims',
        'claim_guard lacks rights on "public"."user_wallet_balances',
        "claim_writer",
    ):
        with pytest.raises(psycopg.Error, match=lacking) as caught:
            run(guard, script)
        assert caught.value.sqlstate == "CO013"
        assert_says_what_to_do(caught.value)
        # The first hint makes the roles for good: else nobody could grant them anything.
        assert len(roles(guard)) == (0 if lacking == "audit_purchases" else 8)
        follow(guard, str(caught.value.diag.message_hint))
    run(guard, script)


def follow(guard: Guard, hint: str) -> None:
    """Do what the hint of a refusal says."""
    first, _, grants = hint.rpartition("As the table's owner: ")
    with guard.session(INSTALLER) as connection:
        connection.execute(first.removeprefix("First: ").encode() or b";")
    guard.execute(grants)


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
    assert caught.value.sqlstate == "CO013"
    assert_says_what_to_do(caught.value, "grant usage on schema public to claim_guard")


def test_another_installer_is_told_what_he_lacks(elsewhere: Guard, script: str) -> None:
    guard = elsewhere
    run(guard, script)
    guard.execute("create role successor login createrole")
    with pytest.raises(psycopg.Error) as caught:
        run(guard, script, "successor")
    assert caught.value.sqlstate == "CO013"
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
    assert caught.value.sqlstate == "CO013"
    assert_says_what_to_do(caught.value, "alter role visitor createrole")
