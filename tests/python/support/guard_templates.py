"""Templates of databases with the guard: one for each set of vars."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

import psycopg
from dbt.cli.main import dbtRunner
from sandbox.server import Server, binaries

from support import mutants
from support.databases import DATABASE, MODELS_SCHEMA, Templates, copy_database
from support.dbt_project import DbtProject
from support.guard import LOGINS, Guard

Vars = Mapping[str, Any]
# Single rules are tested with it, so that the quiet check does not answer for the others.
NOTHING_TO_SETTLE: Vars = {"settle_minutes": 0}
# The tables are there and nothing is in them; a test that uses them says so.
NOTHING_OPTIONAL: Vars = {"has_queued_purchases": False, "has_wallet_adjustments": False}


class Guards:
    """Makes databases with the guard; the models are built once, the script once for each vars."""

    def __init__(self, dbt: DbtProject, templates: Templates) -> None:
        self.dbt = dbt
        self.templates = templates
        self.scripts: dict[str, str] = {}
        self.made: dict[str, str] = {}

    def fresh(self, vars: Vars | None = None) -> Guard:
        """Replace the tests' database by one with the guard installed under these vars."""
        server, template = self.templates.server, self.template(vars)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            copy_database(connection, template, DATABASE)
        guard = Guard(server)
        if mutants.current:
            mutants.current(guard)
        return guard

    def copy_to(self, server: Server, vars: Vars | None = None) -> Guard:
        """Copy such a database, with the roles, to another server."""
        source = self.templates.server.environment
        programs = binaries()
        target = [str(programs / "psql"), "-q", "-d", server.dsn()]
        for dump in (
            [str(programs / "pg_dumpall"), "--roles-only"],
            [str(programs / "pg_dump"), "--create", self.template(vars)],
        ):
            dumped = subprocess.run(
                dump, env={**os.environ, **source}, check=True, stdout=subprocess.PIPE
            )
            subprocess.run(target, input=dumped.stdout, check=True, capture_output=True)
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            copy_database(connection, self.template(vars), DATABASE)
        return Guard(server)

    def script(self, vars: Vars | None = None) -> str:
        """Return what install_guard runs under these vars."""
        vars = {**NOTHING_OPTIONAL, **(vars or {})}
        key = json.dumps(vars, sort_keys=True)
        if key not in self.scripts:
            arguments = {
                "--args": "{dry_run: true, rehearse: false}",
                "--vars": key,
                "--project-dir": str(self.dbt.project_dir),
                "--profiles-dir": str(self.dbt.scratch),
                "--target-path": str(self.dbt.scratch / "target"),
                "--log-path": str(self.dbt.scratch / "logs"),
            }
            options = [part for pair in arguments.items() for part in pair]
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                result = dbtRunner(manifest=self.dbt.parse(vars)).invoke(
                    ["run-operation", "install_guard", *options, "--quiet", "--no-partial-parse"]
                )
            assert result.success, printed.getvalue() or result.exception
            self.scripts[key] = printed.getvalue()
        return self.scripts[key]

    def template(self, vars: Vars | None = None) -> str:
        """Return the name of the template for these vars, made when first asked for."""
        key = json.dumps(vars or {}, sort_keys=True)
        if key not in self.made:
            name = f"template_guard_{len(self.made)}"
            with self.with_models().connect() as connection:
                install(connection, self.script(vars))
            with psycopg.connect(self.templates.server.dsn(), autocommit=True) as connection:
                copy_database(connection, DATABASE, name)
            self.made[key] = name
        return self.made[key]

    def with_models(self) -> Guard:
        """Replace the tests' database by one with the models of an empty service, and no guard."""
        server = self.templates.server
        if "models" not in self.made:
            self.templates.fresh_database()
            outcome = self.dbt.run(
                "build",
                "--resource-type",
                "model",
                "--resource-type",
                "seed",
                vars=NOTHING_OPTIONAL,
            )
            assert outcome.success, outcome.explain()
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                copy_database(connection, DATABASE, "template_guard_models")
            self.made["models"] = "template_guard_models"
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            copy_database(connection, self.made["models"], DATABASE)
            _create_logins(server)
        return Guard(server)


def install(connection: psycopg.Connection, script: str) -> None:
    """Run install_guard's script in one transaction and let the models have the same rules."""
    connection.execute(f"begin;\n{script}\ncommit;".encode())
    build_by_the_rules(connection)
    for login, role in LOGINS.items():
        connection.execute(f"grant {role} to {login}".encode())


def give_user_ids(guard: Guard, type_name: str) -> None:
    """Give the service's tables ids of a type; of the models, what the guard reads stays."""
    views = "select viewname from pg_views where schemaname = "
    for (view,) in guard.rows(f"{views} '{MODELS_SCHEMA}'"):
        guard.execute(f"drop view if exists {MODELS_SCHEMA}.{view} cascade")
    tables = ("purchase_claims", "user_wallet_balances", "audit_purchases")
    for table in (*tables, f"{MODELS_SCHEMA}.fct_wallet_discrepancies"):
        guard.execute(
            f"alter table {table} alter column user_id type {type_name} using user_id::{type_name}"
        )


def build_by_the_rules(connection: psycopg.Connection) -> None:
    """Let the models say that they were built by the guard's rules."""
    connection.execute(
        f"""
        update {MODELS_SCHEMA}.rpt_wallet_build set settings_digest = settings.digest
        from claim_ops.settings
        """.encode()
    )


def _create_logins(server: Server) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for login in LOGINS:
            with contextlib.suppress(psycopg.errors.DuplicateObject):
                connection.execute(f"create role {login} login".encode())
