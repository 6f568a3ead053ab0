"""Spark for the tests of this folder, which are left out where it is not installed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.lake import Lake, SparkProject
from support.spark_cluster import running_spark, why_not

# Beside them test_spark_is_small.py says why.
collect_ignore_glob = ["test_*.py"] if why_not() else []


@pytest.fixture(scope="session")
def lake(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Spark with a Thrift server; dbt's profile leads to it."""
    folder = tmp_path_factory.mktemp("lake")
    if "SPARK_THRIFT_PORT" in os.environ:
        yield Lake("127.0.0.1", int(os.environ["SPARK_THRIFT_PORT"]), folder)
        return
    is_cluster = "SPARK_SMALL" not in os.environ
    # Few partitions for few rows; Spark's own number where a test has millions.
    settings: dict[str, object] | None = {} if "CLAIMS" in os.environ else None
    with (
        running_spark(is_cluster=is_cluster, more=settings) as spark,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SPARK_THRIFT_PORT", str(spark.port))
        yield Lake("127.0.0.1", spark.port, folder, spark)


@pytest.fixture(scope="session")
def spark_dbt(scratch: Path) -> SparkProject:
    """This project's dbt with the target spark."""
    return SparkProject(scratch)
