"""A small storm, with a crash in its middle; the long ones are `make storm`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sandbox.server import Server
from storm.run import SETTINGS, VARS, let_loose
from support.databases import MODELS_SCHEMA
from support.guard_templates import Guards


def test_a_small_storm_leaves_nothing_wrong(guards: Guards, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="claim_reconciliation_storm_"))
    both = {"has_queued_purchases": True, "has_wallet_adjustments": True}
    try:
        with Server(folder, settings=SETTINGS) as falling:
            guard = guards.copy_to(falling, {**VARS, **both})
            storm = let_loose(
                falling,
                guard.name,
                tmp_path,
                seed=1,
                seconds=7,
                restarts=1,
                models_schema=MODELS_SCHEMA,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert storm.violations == []
    assert storm.done["restart the server"] == 1
    # It compares something, however loaded the machine is.
    assert storm.counts["claims acknowledged"] > 10
    assert storm.counts["lines applied"] > 10
