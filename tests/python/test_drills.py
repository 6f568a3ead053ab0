"""`make drill` with fewer users: both drills end green, and the timeline tells what was done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.dbt_project import ROOT


@pytest.mark.slow
def test_both_drills_end_green() -> None:
    """Three minutes of them are waiting: settle_minutes 1 is waited out, and nothing is relaxed."""
    with tempfile.TemporaryDirectory(prefix="claim_reconciliation_drill_") as folder:
        drill = subprocess.run(
            [sys.executable, "-m", "sandbox", "drill", "--users", "2000"],
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
        assert (Path(folder) / "drill" / "affected_users.csv").stat().st_size > 1000
    _, _, timeline = drill.stdout.partition("Timeline, in UTC")
    rows = re.findall(r"^ *\d\d:\d\d:\d\d +(preparation|outage|corruption)", timeline, re.MULTILINE)
    assert (rows.count("outage"), rows.count("corruption")) == (13, 11)
    assert "the plan is larger than its limits" in drill.stdout
    assert "WITHOUT AN APPROVAL" in drill.stdout
    assert "settle_minutes is 1" in drill.stdout
    queued = re.search(r"(\d+) events of (\d+) purchases are queued", drill.stdout)
    assert queued is not None
    assert int(queued[1]) > int(queued[2]) > 0
    assert re.search(r"plan \d+ claimed one purchase beyond its cap", drill.stdout)
