"""A fact of the guard stands in one file, from which models, functions and claimctl have it."""

from __future__ import annotations

import re

import pytest
from support.dbt_project import ROOT

# What says the fact, and the only files that may say it.
FACTS = {
    "whether the time of a plan is over": (
        r"clock_timestamp\(\) *[<>]=? *.*expires_at",
        {"macros/guard/shared/guard_plan_state.sql"},
    ),
    "which plans are open": (
        r"in \('planned', 'approved', 'applying'\)",
        {
            "macros/guard/shared/guard_plan_state.sql",
            # An index, whose condition is compared with that of the queries as it stands.
            "macros/guard/schema/guard_tables.sql",
        },
    ),
    "when models are too old": (
        r"max_model_age_hours(?!'[,\]])",
        {"macros/build/models_too_old_at.sql"},
    ),
    "how many lines have one digest": (
        r"(?<!')\b500\b(?!ms)",
        {"macros/guard/shared/guard_chunks.sql"},
    ),
    "which limits are suspicions, and which limit claims": (
        r"max_\w+'?, ?'?max_(wallets|net_quantity|suspected_\w+|unexplained_excess)",
        set(),
    ),
    "what tells of an unapproved kill switch": (
        r"from claim_ops\.unapproved_break_glass",
        {
            # Which plan it is and who did it; the alert itself is a row of rpt_alerts.
            "macros/guard/approve/approve_plan.sql",
            "scripts/claimctl/sql/doctor/guard_state.sql",
            "scripts/claimctl/sql/guard/status.sql",
        },
    ),
}


@pytest.mark.parametrize("name", FACTS)
def test_it_stands_once(name: str) -> None:
    pattern, places = FACTS[name]
    found = {
        str(path.relative_to(ROOT))
        for folder in ("macros", "models", "scripts/claimctl/sql")
        for path in (ROOT / folder).rglob("*.sql")
        if re.search(pattern, path.read_text())
    }
    # A number in a comment or a model is none of the guard's chunks.
    if "digest" in name:
        found = {place for place in found if "guard" in place}
    assert found == places
