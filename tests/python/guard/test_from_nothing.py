"""From an empty foreign database to an applied plan: the eight steps of docs/runbook.md."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sandbox.service import create_tables
from support.claimctl import claimctl
from support.databases import DATABASE, running_server
from support.dbt_project import ROOT
from support.guard import Guard
from support.rights import GROUP_ROLES, LOGINS, WANTED, rights_of, rights_on_the_page, written_page

STEP_1 = """
    create role shop login createrole;
    create role builder login;
    create role alice login;
    create role bob login;
    create role carol login;
    create role nobody login;
    create role anon nologin;
    grant builder to shop;
    grant pg_read_all_stats to builder;
"""
HISTORY = """
    insert into purchase_claims (tx_id, user_id, sku, claimed_at)
    select 'tx-' || n, 'zoe', 'consumable_streakshield_1', now() - interval '10 days'
    from generate_series(1, 2) as n;
    insert into user_wallet_balances (user_id, streakshield_count, updated_at)
    values ('zoe', 1, now() - interval '11 days');
"""


@pytest.fixture
def foreign() -> Iterator[Guard]:
    """A server on which the superuser has done the first step, and the owner has a service."""
    with running_server() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(STEP_1)
            connection.execute(f"create database {DATABASE} owner shop".encode())
            connection.execute(f"grant create on database {DATABASE} to builder".encode())
        guard = Guard(server)
        with guard.session("builder") as connection:
            connection.execute("alter default privileges grant all on tables to anon")
        guard.execute("alter schema public owner to shop; grant all on schema public to shop")
        with guard.session("shop") as connection:
            # As a hosting does it for its API roles.
            for kind in ("tables", "functions", "sequences", "schemas"):
                connection.execute(f"alter default privileges grant all on {kind} to anon".encode())
            create_tables(connection, "text")
            connection.execute(HISTORY)
        yield guard


@pytest.mark.slow
def test_eight_steps_with_five_logins(foreign: Guard, tmp_path: Path) -> None:
    guard = foreign
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")

    def dbt(login: str, *command: str) -> None:
        settings = {**guard.server.environment, "PGDATABASE": DATABASE, "PGUSER": login}
        ended = subprocess.run(
            [
                *(str(ROOT / ".venv" / "bin" / "dbt"), *command, "--project-dir", str(ROOT)),
                *("--profiles-dir", str(tmp_path), "--target-path", str(tmp_path / "target")),
                *("--log-path", str(tmp_path / "logs"), "--quiet", "--no-use-colors"),
            ],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout

    def sql(login: str, statements: str) -> None:
        with guard.session(login) as connection:
            connection.execute(statements.encode())

    def said(login: str, *command: str) -> str:
        answer = claimctl(*command, "--dsn", guard.server.dsn(DATABASE, login))
        assert answer.exit_code == 0, f"{answer.stdout}{answer.stderr}"
        return answer.stdout

    def plan() -> str:
        raised = ("--raise", "max_affected_share=1")
        said("alice", "plan", "wallets", "--reason", "first repair", *raised)
        return str(guard.value("select max(plan_id) from claim_ops.plans"))

    build = ("build", "--exclude-resource-type", "test", "unit_test")
    sql("shop", "grant select on all tables in schema public to builder")
    dbt("builder", *build)
    dbt("shop", "run-operation", "install_guard")
    sql(
        "shop",
        "grant claim_planner to alice; grant claim_approver to bob; grant claim_applier to carol",
    )
    for login in ("builder", "alice", "bob", "carol"):
        examined = claimctl(
            *("doctor", "--json", "--project-dir", str(ROOT)),
            *("--dsn", guard.server.dsn(DATABASE, login)),
        )
        found = json.loads(examined.stdout)["findings"]
        assert [each for each in found if each["state"] == "error"] == [], login
    first = plan()
    said("bob", "approve", first, "--yes")
    said("carol", "apply", first, "--yes")
    assert guard.value("select streakshield_count from user_wallet_balances") == 2

    # The schedule's login builds again, views and tables anew, and nothing has gone blind.
    sql("shop", "update user_wallet_balances set streakshield_count = 0, updated_at = '2020-01-01'")
    dbt("builder", *build, "--full-refresh")
    look_at_the_rights(guard)
    second = plan()
    said("bob", "approve", second, "--yes")
    said("carol", "apply", second, "--yes")
    assert guard.value("select streakshield_count from user_wallet_balances") == 2


def look_at_the_rights(guard: Guard) -> None:
    """Each cell of docs/rights.md, where default privileges give `anon` everything."""
    rights = rights_of(guard, {**GROUP_ROLES, **LOGINS})
    WANTED.parent.mkdir(exist_ok=True)
    WANTED.write_text(written_page(rights))
    assert rights_on_the_page() == rights, f"if you mean this: cp {WANTED} docs/rights.md"
