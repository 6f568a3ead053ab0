"""The history of balances: one row a build and item, which nothing takes away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject

HISTORY = f"{MODELS_SCHEMA}.fct_wallet_balance_history"
BUILT = ("--select", "+fct_wallet_balance_history")
AGAIN = ("--exclude", "sku_catalog", "staging")


@pytest.mark.slow
def test_each_build_leaves_its_rows(database: Database, dbt: DbtProject) -> None:
    def build(*options: str, as_of: datetime | None = None) -> None:
        vars = {"as_of": as_of.isoformat()} if as_of else None
        outcome = dbt.build(*BUILT, "--exclude-resource-type", "test", *options, vars=vars)
        assert outcome.success, outcome.explain()

    def rows(schema: str = MODELS_SCHEMA) -> list[tuple[object, ...]]:
        return database.rows(
            "select built_at, item, wallets, missing_wallets"
            f" from {schema}.fct_wallet_balance_history order by built_at, item"
        )

    def present() -> list[tuple[object, ...]]:
        return database.rows(
            "select built_at, item, wallets, missing_wallets"
            f" from {MODELS_SCHEMA}.rpt_wallet_balance_health order by item"
        )

    build()
    first = rows()
    assert first == present() != []
    # The model alone, without another build of the balances, has nothing to add.
    assert dbt.run("run", "--select", "fct_wallet_balance_history").success
    assert rows() == first

    database.execute(
        "insert into user_wallet_balances (user_id, streakshield_count) values ('anna', 0)"
    )
    build("--full-refresh", *AGAIN)
    second = rows()
    assert second == first + present()

    now = datetime.now(UTC)
    build(as_of=now)
    assert rows() == second
    assert {row[0] for row in rows(f"{MODELS_SCHEMA}_as_of")} == {now}

    # What is older than wallet_history_days goes with the next build.
    database.execute(f"update {HISTORY} set built_at = built_at - interval '401 days'")
    build(*AGAIN)
    assert rows() == present() != second
