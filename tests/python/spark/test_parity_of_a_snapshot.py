"""The benchmarks' claims, taken to the lake by a snapshot, on both engines.

CLAIMS=5000000 make test-spark takes as many as `make bench`. Spark compares the rows: as values of
Python they would take more memory than the machine has.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.claimctl import claimctl, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.lake import (
    COPIES,
    SERVICE,
    Lake,
    SparkProject,
    copy_models,
    portable_models,
    succeeded,
)

from benchmarks.audit_data import fill_audit
from benchmarks.data import Sizes, fill

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif("SPARK_SMALL" in os.environ, reason="it takes minutes more"),
]

CLAIMS = int(os.environ.get("CLAIMS", 20_000))
# The benchmark makes no requests.
FOLDERS = ("wallets", "purchases", "caps")


def test_both_engines_have_the_same_rows_of_the_benchmarks_claims(
    database: Database, dbt: DbtProject, spark_dbt: SparkProject, lake: Lake, tmp_path: Path
) -> None:
    database.execute("drop schema public cascade; create schema public")
    with database.connect() as connection:
        fill(connection, Sizes(CLAIMS, CLAIMS // 5, 0.009, "text", ()))
        fill_audit(connection)
    lake.clear()
    answer = claimctl("lake", "snapshot", str(tmp_path), "--json", *on(database))
    assert answer.exit_code == 0, answer.stderr
    lake.execute(f"create database {SERVICE}")
    for table in answer.document["tables"]:
        folder = f"{answer.document['folder']}/{table['folder']}"
        lake.execute(f"create table {SERVICE}.{table['source']} using parquet location '{folder}'")

    here = {"as_of": datetime.now(UTC).isoformat()}
    there = {**here, "claim_service_schema": SERVICE}
    manifest = spark_dbt.parse(there)
    compared = [
        node.name
        for node in manifest.nodes.values()
        if str(node.resource_type) == "model" and Path(node.path).parts[0] in FOLDERS
    ]
    for command in (["seed"], ["run", "--select", *(f"+{model}" for model in compared)]):
        succeeded(spark_dbt.run(*command, vars=there))
        succeeded(dbt.run(*command, vars=here))

    aliases = portable_models(manifest)
    schema = f"{MODELS_SCHEMA}_as_of"
    columns = copy_models(database, lake, schema, [aliases[model] for model in compared])
    rows = {}
    for model, names in columns.items():
        # What time decides no more is PostgreSQL's business.
        both = ", ".join(name for name in names if name != "is_at_rest")
        ours, theirs = (f"select {both} from {each}.{model}" for each in (COPIES, schema))
        only_ours = f"{ours} except all {theirs}"
        # As many rows, and none of ours that is not theirs: the same rows.
        counts = ", ".join(f"(select count(*) from ({each}))" for each in (ours, theirs, only_ours))
        ((expected, found, missing),) = lake.rows(f"select {counts}")[1]
        shown = lake.rows(f"{only_ours} limit 5") if missing else ""
        assert (found, missing) == (expected, 0), f"{model}: {both}: {shown}"
        rows[model] = expected
    print(f"{CLAIMS} claims: {sum(rows.values())} rows of {len(rows)} models are the same")
    assert rows["fct_wallet_discrepancies"] > CLAIMS / 5 * 0.008
    assert rows["int_wallet_balances"] >= CLAIMS / 5 * 0.9
