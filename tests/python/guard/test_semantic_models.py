"""Metrics as semantic models: what each of them is on built models, and off in other projects."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards.bundle import description
from dbt.contracts.graph.manifest import Manifest
from support.databases import MODELS_SCHEMA
from support.dbt_project import ROOT, DbtProject
from support.guard import Guard
from support.guard_templates import Guards

METRICS = {
    *("wallet_accuracy", "wallet_time_to_repair", "wallet_time_to_repair_p90"),
    *("claim_conflict_rate", "claim_error_rate", "claim_burn_rate"),
}
# Ten requests, of which two were refused and one failed; two builds; three episodes.
PLANTED = f"""
insert into function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)
select
    now() - interval '2 minutes', 'claim',
    case when n = 1 then 500 when n < 4 then 409 else 200 end, 20,
    case when n in (2, 3) then 'cap_exceeded' end
from generate_series(1, 10) as n;
insert into {MODELS_SCHEMA}.fct_wallet_balance_history
select (jsonb_populate_record(
    each, jsonb_build_object(
        'built_at', now() - n * interval '1 hour', 'settled_balances', 4,
        'settled_accurate_balances', 5 - n
    )
)).*
from {MODELS_SCHEMA}.rpt_wallet_balance_health as each, generate_series(2, 3) as n
where item = 'streakshield';
insert into {MODELS_SCHEMA}.fct_discrepancy_history
select (jsonb_populate_record(
    null::{MODELS_SCHEMA}.fct_discrepancy_history, jsonb_build_object(
        'user_id', 'u' || n, 'item', 'streakshield', 'discrepancy_type', 'short',
        'is_settled', true, 'is_accepted', false, 'probable_cause', 'lost_update',
        'first_found_at', now() - n * interval '3 hours', 'last_found_at', now(),
        'ended_at', now(), 'how_it_ended', case when n = 3 then 'cleared' else 'repaired' end
    )
)).*
from generate_series(1, 3) as n;
"""
# A stranger's own calendar and figure, and what turns ours on beside them.
THEIRS = {
    "models/calendar.sql": "select date '2026-01-01' + n as day from generate_series(0, 9) as n",
    "models/_calendar.yml": """
models:
  - name: calendar
    description: One row a day.
    time_spine: {standard_granularity_column: day}
    columns: [{name: day, granularity: day, data_type: date}]
semantic_models:
  - name: days
    model: ref('calendar')
    primary_entity: calendar_day
    defaults: {agg_time_dimension: open_day}
    dimensions:
      - {name: open_day, type: time, expr: day, type_params: {time_granularity: day}}
    measures: [{name: days_open, agg: count, expr: day, create_metric: true}]
""",
}
OURS_ON = {"claim_reconciliation": {"+enabled": True}}


def value(guard: Guard, manifest: Manifest, name: str, where: str = "true") -> Any:
    """Ask a metric of the built models, as a tool that reads its definition does."""
    metric = manifest.metrics[f"metric.claim_reconciliation.{name}"]
    parameters = metric.type_params
    if parameters.numerator and parameters.denominator:
        return value(guard, manifest, parameters.numerator.name, where) / value(
            guard, manifest, parameters.denominator.name, where
        )
    for each in metric.filter.where_filters if metric.filter else []:
        where += f" and {each.where_sql_template.split('__')[1].replace(chr(39) + ') }}', '', 1)}"
    assert parameters.measure is not None
    for model in manifest.semantic_models.values():
        for measure in model.measures:
            if measure.name != parameters.measure.name:
                continue
            asked = f"{measure.agg.value}({measure.expr})"
            if measure.agg_params:
                share = measure.agg_params.percentile
                asked = f"percentile_disc({share}) within group (order by {measure.expr})"
            assert model.node_relation is not None
            table = f"{MODELS_SCHEMA}.{model.node_relation.alias}"
            for dimension in model.dimensions:
                guard.rows(f"select {dimension.expr or dimension.name} from {table}")
            return guard.value(f"select {asked}::float8 from {table} where {where}")
    raise LookupError(name)


def test_each_metric_is_what_its_models_hold(guards: Guards, dbt: DbtProject) -> None:
    guard, manifest = guards.with_models(), dbt.parse()
    guard.execute(PLANTED)
    own = {each.name for each in manifest.metrics.values() if each.label != each.name}
    assert own >= METRICS
    assert value(guard, manifest, "claim_conflict_rate") == 0.2
    assert value(guard, manifest, "claim_error_rate") == 0.1
    assert value(guard, manifest, "wallet_accuracy") == 5 / 8
    assert value(guard, manifest, "wallet_time_to_repair") == 3
    assert value(guard, manifest, "wallet_time_to_repair_p90") == 6
    errors = "slo = 'availability' and lookback = '1h'"
    (rate,) = guard.rows(f"select burn_rate from {MODELS_SCHEMA}.rpt_error_budget where {errors}")
    assert value(guard, manifest, "claim_burn_rate", errors) == rate[0]
    spine = f"select count(*), count(distinct hour) from {MODELS_SCHEMA}.int_hours"
    ((hours, distinct),) = guard.rows(f"{spine} where hour between now() - interval '1d' and now()")
    assert (hours, distinct) == (24, 24)


def test_dashboards_have_the_same_shares(dbt: DbtProject) -> None:
    manifest, datasets = dbt.parse(), description()["datasets"]
    measures = {
        measure.name: measure.expr
        for model in manifest.semantic_models.values()
        for measure in model.measures
    }
    for name, model, metric in (
        ("wallet_accuracy", "rpt_wallet_balance_health", "right_share"),
        ("wallet_accuracy", "fct_wallet_balance_history", "right_share"),
        ("claim_error_rate", "rpt_claim_service_health", "error_share"),
    ):
        of = manifest.metrics[f"metric.claim_reconciliation.{name}"].type_params
        assert of.numerator is not None
        assert of.denominator is not None
        above, below = (measures[each.name] for each in (of.numerator, of.denominator))
        assert datasets[model]["metrics"][metric] == (
            f"sum({above})::double precision / nullif(sum({below}), 0)"
        )


@pytest.fixture
def their_calendar(scratch: Path, tmp_path: Path) -> DbtProject:
    """A stranger's project that has a time spine and a metric, and installs this package."""
    folder = tmp_path / "corner_shop"
    shutil.copytree(ROOT / "integration_tests", folder)
    (folder / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(ROOT)}]}))
    for name, text in THEIRS.items():
        (folder / name).write_text(text)
    project = DbtProject(scratch, folder)
    assert project.install().success
    return project


@pytest.mark.slow
def test_a_strangers_metrics_are_not_touched(their_calendar: DbtProject) -> None:
    assert their_calendar.warnings() == []
    manifest = their_calendar.parse()
    assert {each.name for each in manifest.metrics.values()} == {"days_open"}
    assert spines(manifest) == {"calendar"}


@pytest.mark.slow
@pytest.mark.parametrize("with_our_spine", [False, True])
def test_a_stranger_can_turn_the_metrics_on(
    their_calendar: DbtProject, with_our_spine: bool
) -> None:
    file = their_calendar.project_dir / "dbt_project.yml"
    settings = yaml.safe_load(file.read_text())
    settings |= {"semantic-models": OURS_ON, "metrics": OURS_ON}
    if with_our_spine:
        settings["models"]["claim_reconciliation"] = {"semantics": {"+enabled": True}}
    file.write_text(yaml.safe_dump(settings))
    manifest = their_calendar.parse()
    assert {each.name for each in manifest.metrics.values()} > {"days_open", *METRICS}
    assert spines(manifest) == {"calendar"} | ({"int_hours"} if with_our_spine else set())


def spines(manifest: Manifest) -> set[str]:
    """Return the models that are time spines."""
    return {node.name for node in manifest.nodes.values() if getattr(node, "time_spine", None)}
