"""Names that need quotes, in a schema that no search_path has: every command works with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lint.generate import _Macros
from sandbox.server import Server
from support.claimctl import claimctl, consumer_project, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.foreign import PARTS, Shape, fill, installed
from support.guard import CHECKER, MAKER, RUNNER, SHIELD
from support.halves import half_of_today

RESERVED = (
    *("order", "user", "table", "select", "group", "check", "default", "limit", "from", "where"),
    *("to", "end", "case", "when", "then", "else", "all", "any", "both", "offset", "using", "into"),
    *("primary", "references", "unique", "window", "with", "union", "fetch", "for", "grant", "do"),
    *("asc", "desc", "distinct", "column", "constraint", "create", "cast", "analyse", "and", "or"),
)


def reserved(name: str, number: int) -> str:
    return RESERVED[number]


def mixed_case(name: str, number: int) -> str:
    return name.title().replace("_", "")


def longest(name: str, number: int) -> str:
    return f"{name}_{number}_".ljust(63, "x")


def with_signs(name: str, number: int) -> str:
    return f"{name}-Größe {number} %"


NAMES = {
    "reserved words": ("schema", reserved),
    "quoted mixed case": ("Shop Data", mixed_case),
    "names of 63 letters": ("s" * 63, longest),
    "signs, spaces and umlauts": ("shop-daten", with_signs),
}
FAST = {"reserved words"}
ITEMS = {"streakshield_count": "streakshield", "xp_booster_until": "xp_booster"}
KINDS = {"streakshield": "quantity", "xp_booster": "expiry"}


def rename(database: Database, schema: str, named: Callable[[str, int], str]) -> dict[str, Any]:
    """Give schema, tables and columns other names; return the vars that say so."""
    vars: dict[str, Any] = {
        "claim_service_schema": schema,
        "claim_service_tables": {},
        "claim_service_columns": {},
        "wallet_items": {},
    }
    database.execute(f'create schema "{schema}"')
    numbers = iter(range(1000))
    there = {
        table for (table,) in database.rows("select relname from pg_class where relkind = 'r'")
    }
    for table, columns in _Macros().known_columns().items():
        if table not in there:
            continue
        renamed: dict[str, str] = {}
        known = [name for name, column in columns.items() if not column.get("is_optional")]
        for column in [*known, *(ITEMS if table == "user_wallet_balances" else ())]:
            renamed[column] = named(column, next(numbers))
            database.execute(f'alter table {table} rename "{column}" to "{renamed[column]}"')
            if column in ITEMS:
                item = ITEMS[column]
                kind = {"column": renamed.pop(column), "kind": KINDS[item]}
                vars["wallet_items"][item] = kind
        vars["claim_service_columns"][table] = renamed
        vars["claim_service_tables"][table] = named(table, next(numbers))
        database.execute(
            f'alter table {table} rename to "{vars["claim_service_tables"][table]}";'
            f'alter table "{vars["claim_service_tables"][table]}" set schema "{schema}"'
        )
    return vars


@pytest.mark.parametrize(
    "name",
    [
        *FAST,
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in half_of_today(NAMES.keys() - FAST)
        ),
    ],
)
def test_every_command_works(
    name: str, database: Database, dbt: DbtProject, server: Server, tmp_path: Path
) -> None:
    shape = Shape("")
    fill(database, shape)
    vars = rename(database, *NAMES[name])
    project = consumer_project(tmp_path, {"claim_reconciliation": vars})

    def said(login: str, *command: str) -> Any:
        answer = claimctl(*command, "--json", *on(database, project, login))
        assert answer.exit_code == 0, (command, answer)
        return answer.document

    examined = faults(claimctl("doctor", "--json", *on(database, project)))
    assert examined == []
    chosen = ["--select", *PARTS] if name in FAST else []
    outcome = dbt.build("--exclude-resource-type", "test", *chosen, vars=vars)
    assert outcome.success, outcome.explain()
    assert database.rows(
        f"select user_id, discrepancy_type from {MODELS_SCHEMA}.fct_wallet_discrepancies order by 1"
    ) == [("anna", "short"), ("ben", "missing_wallet")]
    installed(server, dbt, vars)

    because = ("--reason", "test")
    to = database.value("select (now() - interval '5 hours')::text")
    plans = [
        said(MAKER, "plan", "wallets", *because),
        said(
            MAKER,
            *("plan", "recovery", *because, "--user", "carla", "--from", "2000-01-01"),
            *("--to", to),
        ),
        said(MAKER, "plan", "kill-switch", "--off", "--sku", SHIELD, *because),
    ]
    for plan in plans:
        number = str(plan["plan_id"])
        said(CHECKER, "approve", number, "--yes")
        assert said(RUNNER, "apply", number, "--yes")["skipped"] == 0
        assert said(RUNNER, "verify", number)["wrong"] == 0
    assert len(said(MAKER, "explain", "anna")["ledger"]) == 2
    tables, columns = vars["claim_service_tables"], vars["claim_service_columns"]
    held = database.rows(
        f"""
        select "{columns["user_wallet_balances"]["user_id"]}",
            "{vars["wallet_items"]["streakshield"]["column"]}"
        from "{vars["claim_service_schema"]}"."{tables["user_wallet_balances"]}" order by 1
        """
    )
    assert held == [("anna", 2), ("ben", 1), ("carla", 1), ("dora", 1)]
    assert faults(claimctl("doctor", "--json", *on(database, project))) == []
