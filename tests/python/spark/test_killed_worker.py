"""A machine dies in the middle of a build."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from support.databases import Templates
from support.dbt_project import DbtProject
from support.lake import SERVICE, Lake, SparkProject, assert_same_rows, succeeded
from support.lake_histories import PLAIN, copy_histories, store_histories

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif("SPARK_SMALL" in os.environ, reason="one process has no worker to lose"),
]

MODEL = "fct_wallet_discrepancies"


def _wait_for(written: Path) -> None:
    for _ in range(3000):
        if written.exists():
            return
        time.sleep(0.1)
    raise TimeoutError(written)


def test_a_build_ends_right_though_a_worker_dies(
    templates: Templates, dbt: DbtProject, spark_dbt: SparkProject, lake: Lake
) -> None:
    """Its tasks are done again by the other worker; whoever reads has the tables of before."""
    assert lake.spark is not None
    database = templates.fresh_database()
    store_histories(PLAIN, 1, database)
    there = copy_histories(PLAIN, database, lake)
    select = ("--select", "+rpt_wallet_balance_health")
    succeeded(spark_dbt.run("run", *select, vars=there))
    before = lake.rows(f"select count(*) from {PLAIN.schema}.{MODEL}")[1]

    database.execute("update user_wallet_balances set streakshield_count = 77")
    copy_histories(PLAIN, database, lake, keeps_models=True)
    beginning = lake.spark.folder / "warehouse" / f"{PLAIN.schema}.db" / "int_wallet_balances__new"
    read: list[object] = []

    def kill() -> None:
        _wait_for(beginning)
        read.extend(lake.rows(f"select count(*) from {PLAIN.schema}.{MODEL}")[1])
        # The executor dies with its worker, as with its machine.
        os.killpg(lake.spark.workers[0].pid, signal.SIGKILL) if lake.spark else None

    assert lake.spark.losses() == []
    killer = threading.Thread(target=kill)
    killer.start()
    outcome = spark_dbt.run("run", *select, vars=there)
    killer.join()

    assert lake.spark.workers[0].wait(10) == -signal.SIGKILL
    # make bench-spark counts these lines.
    assert any("Lost executor" in line for line in lake.spark.losses())
    assert read == before
    succeeded(outcome)
    succeeded(dbt.run("run", *select, vars=PLAIN.all_vars()))
    for model in ("int_wallet_balances", MODEL, "rpt_wallet_balance_health"):
        assert_same_rows(database, lake, PLAIN.schema, model, ("is_at_rest",), 1)


def test_a_build_that_fails_leaves_the_tables_of_before(
    templates: Templates, spark_dbt: SparkProject, lake: Lake
) -> None:
    database = templates.fresh_database()
    store_histories(PLAIN, 1, database)
    there = copy_histories(PLAIN, database, lake)
    select = ("--select", "+fct_wallet_discrepancies")
    succeeded(spark_dbt.run("run", *select, vars=there))
    before = lake.rows(f"select count(*) from {PLAIN.schema}.{MODEL}")

    # Of a folder that is gone Spark would read no rows.
    (lake.folder / SERVICE / "purchase_claims" / "part-0.parquet").write_bytes(b"no Parquet")
    outcome = spark_dbt.run("run", *select, vars=there)

    assert outcome.status("int_wallet_balances") == "error"
    assert outcome.status(MODEL) == "skipped"
    assert lake.rows(f"select count(*) from {PLAIN.schema}.{MODEL}") == before
