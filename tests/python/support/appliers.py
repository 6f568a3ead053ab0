"""`claimctl apply` in processes of its own, which a test may kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.guard import RUNNER, Guard

SCRIPTS = Path(__file__).parents[3] / "scripts"


def start_applier(guard: Guard, plan_id: int) -> subprocess.Popen[str]:
    """Start applying a plan as the runner; the caller waits for the process or kills it."""
    dsn = guard.server.dsn(guard.name, RUNNER)
    return subprocess.Popen(
        [
            *(sys.executable, "-c", "from claimctl.cli import main; main()"),
            *("apply", str(plan_id), "--yes", "--dsn", dsn),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
    )


def finish(applier: subprocess.Popen[str]) -> int:
    """Wait for the end of an applier and return its exit code; show what it said when it fails."""
    output, _ = applier.communicate(timeout=60)
    print(output)
    return applier.returncode


def end_session(guard: Guard) -> None:
    """Have the server end the appliers' sessions, and wait until they are gone."""
    guard.rows(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name = 'claimctl'"
    )
