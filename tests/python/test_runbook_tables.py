"""The runbook's own tables, to the column, and no var at all."""

from __future__ import annotations

import json

import pytest
from support.claimctl import claimctl, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject

# What the runbook's statements name, and not a column more.
RUNBOOK = """
drop table wallet_adjustments, queued_purchases;
alter table function_metrics drop column error_code;
"""


@pytest.fixture
def runbook(database: Database) -> Database:
    database.execute(RUNBOOK)
    return database


@pytest.mark.slow
def test_the_runbooks_tables_build_without_a_var(runbook: Database, dbt: DbtProject) -> None:
    runbook.execute(
        'insert into function_metrics ("timestamp", function_name, status_code, duration_ms)'
        " select date_trunc('hour', now()) - interval '5 hours', 'claim', 409, 7"
    )
    outcome = dbt.build()
    assert outcome.success, outcome.explain()
    assert outcome.named("skipped", "error", "fail") == set()
    conflicts = f"select sum(conflicts) from {MODELS_SCHEMA}.v_claim_conflicts_rolling"
    assert runbook.value(conflicts) == 1
    found = json.loads(runbook.value(f"select found from {MODELS_SCHEMA}.rpt_wallet_build"))
    assert found == {
        "function_metrics.error_code": False,
        "queued_purchases": False,
        "user_wallet_balances.time_zone": False,
        "wallet_adjustments": False,
    }

    answer = claimctl("doctor", "--json", *on(runbook))
    assert (answer.exit_code, faults(answer)) == (0, [])
