"""The table of mutants: each still stands in the guard; `make mutants` runs them."""

from __future__ import annotations

import psycopg
import pytest
from support.guard import Guard
from support.mutants import FOLDER, Mutant, mutants


def test_each_protection_still_stands(guard: Guard, subtests: pytest.Subtests) -> None:
    """Its text stands once in the installed function, what would take it away still can."""
    table = mutants()
    assert len(table) >= 40
    assert len({mutant.name for mutant in table}) == len(table)
    with guard.connect() as connection:
        functions: dict[str, str] = dict(
            connection.execute(
                "select proname, pg_get_functiondef(oid) from pg_proc"
                " where pronamespace = 'claim_ops'::regnamespace"
            ).fetchall()
        )
        for mutant in table:
            with subtests.test(mutant.name):
                assert_applies(connection, functions, mutant)


def assert_applies(
    connection: psycopg.Connection, functions: dict[str, str], mutant: Mutant
) -> None:
    """Its edit can be made, and its tests are there; nothing of it stays."""
    with connection.transaction(force_rollback=True):
        edit = mutant.edit
        if "sql" in edit:
            connection.execute(edit["sql"].encode())
        else:
            definition, old = functions[edit["function"]], edit["old"].strip("\n")
            assert definition.count(old) == 1, f"{definition.count(old)} times: {old}"
            connection.execute(definition.replace(old, edit["new"]).encode())
    for test in mutant.tests:
        assert (FOLDER / test.split("::")[0]).exists(), test
