"""A consumer's project on Spark: other schemas, tables, columns and types, its own catalogue."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject
from support.lake import Lake, SparkProject, assert_same_rows

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif("SPARK_SMALL" in os.environ, reason="it takes a minute more"),
]

PLACES = ("billing", "app")
FAULTS = """
update app.wallets set shields = 5 where customer_id::text like '%1';
update app.wallets set hint_packs = 30 where customer_id::text like '%3';
delete from app.wallets where customer_id::text like '%4';
update app.coin_wallets set coins = 149 where customer_id::text like '%1';
"""
FAILED = {"assert_settled_wallets_match_claims", "coin_wallets_match_claims"}
MODELS = {
    f"{MODELS_SCHEMA}.fct_wallet_discrepancies": ("built_at",),
    f"{MODELS_SCHEMA}.fct_expected_wallet_balances": ("built_at",),
    f"{MODELS_SCHEMA}.fct_cap_usage": ("built_at",),
    "dbt.customers_owed": (),
    "dbt.coins_outstanding": (),
}


def test_it_builds_and_finds_its_faults_on_both_engines(
    shop: DbtProject, database: Database, scratch: Path, lake: Lake
) -> None:
    database.execute((ROOT / "integration_tests" / "claim_service.sql").read_text() + FAULTS)
    lake.clear()
    lake.execute(*(f"drop database if exists {name} cascade" for name in (*PLACES, "dbt")))
    lake.copy(database, {name: name for name in PLACES})

    there = SparkProject(scratch, shop.project_dir).build()
    assert there.named("fail") == FAILED, there.explain()
    assert there.named("error", "skipped") == set(), there.explain()
    here = shop.build()
    assert here.named("fail") == FAILED, here.explain()
    for relation, moments in MODELS.items():
        schema, _, model = relation.partition(".")
        assert assert_same_rows(database, lake, schema, model, moments, 0) > 0, relation
