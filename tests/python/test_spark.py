"""The models on Apache Spark against the same models on PostgreSQL, row by row."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.balance_rules import Rules
from support.databases import MODELS_SCHEMA, Templates
from support.dbt_project import DbtProject
from support.histories import random_service, store, store_catalog
from support.lake import (
    SERVICE,
    Lake,
    SparkProject,
    assert_same_rows,
    assert_types_of_contracts,
    succeeded,
)
from support.spark_cluster import running_spark, why_not

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(why_not() is not None, reason=f"not run: {why_not()}"),
]

USERS = 150
NIGHT_OF_APIA = datetime(2012, 1, 1, 12, tzinfo=UTC)
AUTUMN_OF_BERLIN = datetime(2025, 10, 28, 12, tzinfo=UTC)
WALLETS = (
    "fct_claim_totals",
    "fct_expected_wallet_balances",
    "fct_wallet_discrepancies",
    "int_wallet_balances",
    "rpt_wallet_balance_health",
    "rpt_wallet_build",
)


@pytest.fixture(scope="session")
def lake(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Spark with a Thrift server; dbt's profile leads to it."""
    if "SPARK_THRIFT_PORT" in os.environ:
        yield Lake("127.0.0.1", int(os.environ["SPARK_THRIFT_PORT"]), Path(tempfile.mkdtemp()))
        return
    with running_spark(is_cluster="SPARK_SMALL" not in os.environ) as spark:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SPARK_THRIFT_PORT", str(spark.port))
            yield Lake("127.0.0.1", spark.port, tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def spark_dbt(scratch: Path) -> SparkProject:
    """This project's dbt with the target spark."""
    return SparkProject(scratch)


def test_wallets(templates: Templates, dbt: DbtProject, spark_dbt: SparkProject, lake: Lake) -> None:
    rules = Rules("extend", has_adjustments=True, as_of=AUTUMN_OF_BERLIN)
    vars = {
        "booster_stacking_policy": rules.policy,
        "as_of": AUTUMN_OF_BERLIN.isoformat(),
    }
    database = templates.fresh_database("text")
    schema = f"{MODELS_SCHEMA}_as_of"
    service = random_service(1, USERS, rules, AUTUMN_OF_BERLIN, as_uuid=False)
    with database.connect() as connection:
        store(service, connection)
        store_catalog(service.catalog, schema, connection)
    lake.clear()
    lake.copy(database, {"public": SERVICE, schema: schema})
    succeeded(dbt.run("run", "--select", "stg_claim_service__*", "stg_claim_ops__*", "wallets", vars=vars))
    here = {**vars, "claim_service_schema": SERVICE}
    succeeded(spark_dbt.run("run", "--select", "stg_claim_service__*", "wallets", vars=here))
    for model in WALLETS:
        assert assert_same_rows(database, lake, schema, model) > 0
    assert assert_types_of_contracts(lake, spark_dbt, here) > 0
