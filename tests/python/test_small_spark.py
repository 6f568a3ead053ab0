"""The small version of `make test-spark`, in its own environment, where there is one."""

from __future__ import annotations

import os
import subprocess

import pytest
from support.dbt_project import ROOT
from support.spark_cluster import ENVIRONMENT, JAVA, why_not

NOT_RUN = (
    "no Java is found (apt-get install openjdk-17-jre-headless)"
    if JAVA is None
    else "target/spark/venv is not made (make test-spark SMALL=1)"
    if not (ENVIRONMENT / "installed").exists()
    else None
)


@pytest.mark.slow
@pytest.mark.skipif(NOT_RUN is not None, reason=f"not run: {NOT_RUN}")
@pytest.mark.skipif(why_not() is None, reason="the tests of Spark run here themselves")
def test_models_have_the_same_rows_on_spark() -> None:
    tests = subprocess.run(
        [str(ENVIRONMENT / "bin" / "pytest"), "-m", "spark", "tests/python/spark"],
        cwd=ROOT,
        env=os.environ | {"SPARK_SMALL": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout[-4000:] + tests.stderr[-1000:]
