"""A drill with fewer users, one a day: it ends green, and its timeline tells what was done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.dbt_project import ROOT
from support.halves import half_of_today

STEPS = {"outage": 13, "corruption": 11}


@pytest.mark.slow
@pytest.mark.parametrize("name", half_of_today(STEPS))
def test_a_drill_ends_green(name: str) -> None:
    """Minutes of it are waiting: settle_minutes 1 is waited out, and nothing is relaxed."""
    with tempfile.TemporaryDirectory(prefix="claim_reconciliation_drill_") as folder:
        drill = subprocess.run(
            [sys.executable, "-m", "sandbox", "drill", name, "--users", "2000"],
            cwd=ROOT,
            env={
                **os.environ,
                "SANDBOX_FOLDER": str(Path(folder) / "drill"),
                "PYTHONPATH": str(ROOT / "scripts"),
            },
            capture_output=True,
            text=True,
        )
        assert drill.returncode == 0, drill.stdout[-5000:] + drill.stderr
        for_support = Path(folder) / "drill" / "affected_users.csv"
        assert name != "corruption" or for_support.stat().st_size > 1000
    _, _, timeline = drill.stdout.partition("Timeline, in UTC")
    rows = re.findall(r"^ *\d\d:\d\d:\d\d +(preparation|outage|corruption)", timeline, re.MULTILINE)
    assert [each for each in rows if each != "preparation"] == [name] * STEPS[name]
    assert "settle_minutes is 1" in drill.stdout
    if name == "outage":
        assert "WITHOUT AN APPROVAL" in drill.stdout
        assert_the_queue_is_emptied(drill.stdout)
    else:
        assert "the plan is larger than its limits" in drill.stdout


def assert_the_queue_is_emptied(said: str) -> None:
    """The queue has several events of one purchase, and a purchase beyond its cap is claimed."""
    queued = re.search(r"(\d+) events of (\d+) purchases are queued", said)
    assert queued is not None
    assert int(queued[1]) > int(queued[2]) > 0
    assert re.search(r"plan \d+ claimed one purchase beyond its cap", said)
