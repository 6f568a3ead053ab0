"""The dashboards' bundle: each column, metric and threshold of it exists in the built models."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from claimctl.options import Options
from dashboards.__main__ import bundle
from dashboards.bundle import TOP, description, stable_id, write
from support.databases import MODELS_SCHEMA
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import Guards

CHARTS = [
    (name, chart)
    for name, dashboard in description()["dashboards"].items()
    for chart in dashboard["charts"]
]


@pytest.fixture
def models(guards: Guards) -> Guard:
    """A database with the models of an empty service."""
    return guards.with_models()


def metric(chart: dict[str, Any], name: str) -> str:
    return str(description()["datasets"][chart["dataset"]]["metrics"][name])


def test_each_chart_can_be_asked(models: Guard) -> None:
    for _, chart in CHARTS:
        columns = list(chart.get("columns", []))
        metrics = [metric(chart, name) for name in chart.get("metrics", [])]
        assert columns or metrics
        time = description()["datasets"][chart["dataset"]].get("time")
        groups = [each for each in (chart.get("by"),) if each]
        if chart["kind"] in ("lines", "bars"):
            groups.append(f"date_trunc('hour', {time})")
        query = f"select {', '.join([*columns, *groups, *metrics])}"
        query += f" from {MODELS_SCHEMA}.{chart['dataset']}"
        query += f" group by {', '.join(groups)}" if groups else ""
        models.rows(query)


def test_a_renamed_column_is_seen(models: Guard) -> None:
    models.execute(
        f"alter view {MODELS_SCHEMA}.rpt_claim_service_health rename column errors to faults"
    )
    with pytest.raises(psycopg.errors.UndefinedColumn):
        test_each_chart_can_be_asked(models)


def test_each_chart_is_a_question_with_a_unit() -> None:
    for _, chart in CHARTS:
        assert chart["question"].endswith("?")
        assert chart["unit"]
    questions = [chart["question"] for _, chart in CHARTS]
    assert len(questions) == len(set(questions))


def test_each_dashboard_shows_the_age_of_its_data() -> None:
    for name, dashboard in description()["dashboards"].items():
        assert "rpt_wallet_build" in {chart["dataset"] for chart in dashboard["charts"]}, name


def test_the_bundle_is_tied_together(models: Guard, tmp_path: Path) -> None:
    made = bundle(Options(dsn=models.dsn))
    assert made["metadata.yaml"]["type"] == "assets"
    ids = [document["uuid"] for document in made.values() if "uuid" in document]
    assert len(ids) == len(set(ids))
    by_kind = {name.split("/")[0] for name in made}
    assert by_kind == {"metadata.yaml", "databases", "datasets", "charts", "dashboards"}
    for name, document in made.items():
        if name.startswith("datasets/"):
            assert document["database_uuid"] == stable_id("database")
            assert document["columns"], name
        if name.startswith("charts/"):
            assert document["dataset_uuid"] in ids
        if name.startswith("dashboards/"):
            shown = [
                each["meta"]["uuid"]
                for each in document["position"].values()
                if isinstance(each, dict) and each["type"] == "CHART"
            ]
            assert set(shown) <= set(ids)
            assert len(shown) == len([1 for of, _ in CHARTS if f"dashboards/{of}.yaml" == name])
    again = bundle(Options(dsn=models.dsn))
    assert [each.get("uuid") for each in again.values()] == [
        each.get("uuid") for each in made.values()
    ]
    write(tmp_path / "bundle.zip", made)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        assert {*packed.namelist()} == {f"{TOP}/{name}" for name in made}
        assert yaml.safe_load(packed.read(f"{TOP}/metadata.yaml"))["version"] == "1.0.0"


def test_thresholds_are_the_vars(models: Guard) -> None:
    made = bundle(Options(dsn=models.dsn))
    lines = {
        layer["name"]: layer["value"]
        for name, document in made.items()
        if name.startswith("charts/")
        for layer in document["params"].get("annotation_layers", [])
    }
    assert lines == {
        "alert error rate": "0.05",
        "slo latency ms": "500",
        "alert conflict rate": "0.1",
    }


def test_exposures_name_what_dashboards_read(dbt: DbtProject) -> None:
    manifest = dbt.parse()
    exposures = {each.name: each for each in manifest.exposures.values()}
    for name, dashboard in description()["dashboards"].items():
        read = {chart["dataset"] for chart in dashboard["charts"]}
        named = {manifest.nodes[node].alias for node in exposures[name].depends_on.nodes}
        assert read <= named, name
        for node in exposures[name].depends_on.nodes:
            assert re.match(r"(fct|rpt)_", manifest.nodes[node].name)
