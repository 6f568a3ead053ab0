"""`claimctl apply` in processes of its own, which a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.guard import RUNNER, Guard

SCRIPTS = Path(__file__).parents[3] / "scripts"
TESTS = Path(__file__).parents[1]
APPLICATION = "applier_at_the_ready"

# Ctrl-C reaches it, too, where the tests run in the background, which ignores that signal.
CLAIMCTL = """
import signal
from claimctl.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""

# Starts at once when it is told to, so that it can be killed in the middle of little work.
AT_THE_READY = """
import sys, psycopg
from support.guard import apply
with psycopg.connect(sys.argv[1], autocommit=True, prepare_threshold=None) as connection:
    apply(connection, int(sys.stdin.readline()))
"""


def start_applier(guard: Guard, plan_id: int) -> subprocess.Popen[str]:
    """Start applying a plan as the runner; the caller waits for the process or kills it."""
    dsn = guard.server.dsn(guard.name, RUNNER)
    return subprocess.Popen(
        [
            *(sys.executable, "-c", CLAIMCTL),
            *("apply", str(plan_id), "--yes", "--dsn", dsn),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
    )


def start_applier_at_the_ready(guard: Guard) -> subprocess.Popen[str]:
    """Start a process that connects as the runner and waits for the number of a plan to apply."""
    dsn = f"{guard.server.dsn(guard.name, RUNNER)} application_name={APPLICATION}"
    return subprocess.Popen(
        [sys.executable, "-c", AT_THE_READY, dsn],
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SCRIPTS), str(TESTS)])},
    )


def let_apply_and_kill(
    guard: Guard, applier: subprocess.Popen[str], plan_id: int, seconds: float
) -> bool:
    """Let it apply a plan, kill -9 it after so many seconds; return whether it was still alive."""
    is_connected = f"count(*) = 1 from pg_stat_activity where application_name = '{APPLICATION}'"
    guard.wait_until(is_connected)
    assert applier.stdin is not None
    applier.stdin.write(f"{plan_id}\n")
    applier.stdin.flush()
    time.sleep(seconds)
    applier.kill()
    applier.stdin.close()
    # Its session ends by itself, with the statement that it is in.
    guard.wait_until(is_connected.replace("= 1", "= 0"))
    return applier.wait() == -signal.SIGKILL


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
