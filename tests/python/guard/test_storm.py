"""A small storm, with a crash in its middle; the long ones are `make storm`."""

from __future__ import annotations

from pathlib import Path

from storm.run import SETTINGS, VARS, let_loose
from support.databases import MODELS_SCHEMA, running_server
from support.guard_templates import Guards


def test_a_small_storm_leaves_nothing_wrong(guards: Guards, tmp_path: Path) -> None:
    both = {"has_queued_purchases": True, "has_wallet_adjustments": True}
    with running_server(settings=SETTINGS) as falling:
        guard = guards.copy_to(falling, {**VARS, **both})
        storm = let_loose(
            falling,
            guard.name,
            tmp_path,
            seed=1,
            seconds=5,
            restarts=1,
            models_schema=MODELS_SCHEMA,
        )
    assert storm.violations == []
    assert storm.done["restart the server"] == 1
    # It compares something, however loaded the machine is.
    assert storm.counts["claims acknowledged"] > 10
    assert storm.counts["lines applied"] > 10
