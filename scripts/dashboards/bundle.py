"""Files of the bundle: a database, a dataset a model, charts, dashboards, tied by stable ids."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml

ROOT = Path(__file__).parents[2]
SPACE = uuid5(NAMESPACE_URL, "claim_reconciliation/dashboards")
TOP = "claim_reconciliation"
DATABASE = "Claim service"
# Superset's words for the kinds of charts, and how high each is. Each has a row of its own, because
# those of one row stand side by side on a phone too, where no title of three can be read.
KINDS = {
    "number": ("big_number_total", 17),
    "lines": ("echarts_timeseries_line", 50),
    "bars": ("echarts_timeseries_bar", 50),
    "stacked bars": ("echarts_timeseries_bar", 50),
    "table": ("table", 40),
}
# "Last week" would end at midnight.
LAST = 'DATEADD(DATETIME("now"), -{}, day) : now'
COLOURS = {
    **dict.fromkeys(("answered", "windows_met", "repaired"), "#1a7f4b"),
    **dict.fromkeys(("refused_by_a_cap", "excess_balances", "found", "beyond_cap"), "#b26a00"),
    **dict.fromkeys(("failed", "windows_missed", "short_balances"), "#c0262d"),
    **dict.fromkeys(("other_client_errors", "missing", "ended_by_itself", "p50_ms"), "#7443a8"),
    **dict.fromkeys(("windows_of_low_traffic", "excused"), "#7a8594"),
    "windows_without_data": "#b8c0ca",
}
# How numbers are written: by a chart's unit, in a table by a column's type.
UNITS = {**dict.fromkeys(("share", "share of requests"), ".2%"), "revenue": ",.2f"}
TYPES = {"double precision": ",.3~r", "numeric": ",.2f"}
Document = dict[str, Any]


def description() -> Document:
    """Return what dashboards.yml says."""
    text = (ROOT / "dashboards" / "dashboards.yml").read_text(encoding="utf-8")
    described: Document = yaml.safe_load(text)
    return described


def stable_id(*names: str) -> str:
    """Return the id of a part of the bundle: the same in each, so that an import updates."""
    return str(uuid5(SPACE, "/".join(names)))


def files(
    schema: str, uri: str, columns: Mapping[str, Mapping[str, str]], defaults: Mapping[str, Any]
) -> dict[str, Document]:
    """Return each file of the bundle; `columns` are the types of each model's columns."""
    described = description()
    made: dict[str, Document] = {
        "metadata.yaml": {
            "version": "1.0.0",
            "type": "assets",
            "timestamp": datetime.now(UTC).isoformat(),
        },
        "databases/claim_service.yaml": {
            "database_name": DATABASE,
            "sqlalchemy_uri": uri,
            "uuid": stable_id("database"),
            "expose_in_sqllab": True,
            "allow_run_async": False,
            "extra": {"allows_virtual_table_explore": True},
            "version": "1.0.0",
        },
    }
    for model, dataset in described["datasets"].items():
        made[f"datasets/claim_service/{model}.yaml"] = _dataset(
            model, dataset, schema, columns[model]
        )
    for name, dashboard in described["dashboards"].items():
        charts = []
        for number, chart in enumerate(dashboard["charts"]):
            slug = f"{name}_{number:02}"
            dataset = described["datasets"][chart["dataset"]]
            document = _chart(slug, chart, dataset, columns[chart["dataset"]], defaults)
            made[f"charts/{slug}.yaml"] = document
            charts.append((chart, document))
        made[f"dashboards/{name}.yaml"] = _dashboard(name, dashboard["title"], charts)
    return made


def write(target: Path, made: Mapping[str, Document]) -> None:
    """Write the bundle as a zip file, everything below one folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, document in made.items():
            bundle.writestr(f"{TOP}/{name}", yaml.safe_dump(document, sort_keys=False))


def _dataset(model: str, dataset: Document, schema: str, columns: Mapping[str, str]) -> Document:
    return {
        "table_name": model,
        "schema": schema,
        "main_dttm_col": dataset.get("time"),
        "uuid": stable_id("dataset", model),
        "database_uuid": stable_id("database"),
        "columns": [
            {"column_name": name, "type": kind.upper(), "is_dttm": kind == "timestamptz"}
            for name, kind in columns.items()
        ],
        "metrics": [
            {"metric_name": name, "verbose_name": name.replace("_", " "), "expression": expression}
            for name, expression in dataset["metrics"].items()
        ],
        "version": "1.0.0",
    }


def _chart(
    slug: str,
    chart: Document,
    dataset: Document,
    types: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Document:
    viz_type, _ = KINDS[chart["kind"]]
    params: Document = {
        "viz_type": viz_type,
        "adhoc_filters": [],
        "time_range": "No filter",
        "y_axis_format": UNITS.get(chart["unit"], ",d" if chart["kind"] == "number" else ",.2~f"),
    }
    if chart["kind"] == "number":
        params |= {
            "metric": chart["metrics"][0],
            "subheader": chart["unit"],
            "header_font_size": 0.5,
            "subheader_font_size": 0.3,
        }
    elif chart["kind"] == "table":
        params |= {
            "query_mode": "raw",
            "all_columns": chart["columns"],
            "order_by_cols": [json.dumps([name, True]) for name in chart.get("order", [])],
            "column_config": {
                name: {"d3NumberFormat": TYPES[types[name]]}
                for name in chart["columns"]
                if types.get(name) in TYPES
            },
            "row_limit": 1000,
            "table_timestamp_format": "smart_date",
            "show_cell_bars": False,
        }
    else:
        is_daily = chart["unit"].endswith("a day")
        params |= {
            "x_axis": dataset["time"],
            "granularity_sqla": dataset["time"],
            "time_grain_sqla": "P1D" if is_daily else "PT1H",
            "time_range": LAST.format(30 if is_daily else 7),
            "metrics": chart["metrics"],
            "groupby": [chart["by"]] if "by" in chart else [],
            "row_limit": 10_000,
            "y_axis_title": chart["unit"],
            "y_axis_title_margin": 60,
            # What is nearly all would be a line at the top.
            "truncateYAxis": chart["metrics"] == ["right_share"],
            "y_axis_bounds": [None, 1 if chart["metrics"] == ["right_share"] else None],
            "stack": "Stack" if chart["kind"] == "stacked bars" else None,
            # A line of one point is nothing else.
            "markerEnabled": chart["kind"] == "lines",
            "markerSize": 3,
            "annotation_layers": _thresholds(chart, defaults),
            "show_legend": True,
        }
    return {
        "slice_name": chart["question"],
        "viz_type": viz_type,
        "params": params,
        "uuid": stable_id("chart", slug),
        "dataset_uuid": stable_id("dataset", chart["dataset"]),
        "cache_timeout": None,
        "description": f"In {chart['unit']}. Nothing shown: no row of {chart['dataset']} yet.",
        "version": "1.0.0",
    }


def _thresholds(chart: Document, defaults: Mapping[str, Any]) -> list[Document]:
    """Return the line that should not be crossed, at the value that the vars give it."""
    threshold = chart.get("threshold", {})
    name = threshold.get("var") or (f"alert_{threshold['alert']}" if "alert" in threshold else None)
    if name is None:
        return []
    return [
        {
            "annotationType": "FORMULA",
            "name": name.replace("_", " "),
            "value": str(defaults[name]),
            "show": True,
            "showLabel": True,
            "showMarkers": False,
            "style": "dashed",
            "width": 1,
            "color": "#c0262d",
            "opacity": "",
            "hideLine": False,
            "overrides": {},
        }
    ]


def _dashboard(name: str, title: str, charts: list[tuple[Document, Document]]) -> Document:
    position: Document = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
    }
    for number, (chart, document) in enumerate(charts):
        row_id, chart_id = f"ROW-{name}-{number}", f"CHART-{document['uuid'][:12]}"
        parents = ["ROOT_ID", "GRID_ID"]
        position["GRID_ID"]["children"].append(row_id)
        position[row_id] = {
            "type": "ROW",
            "id": row_id,
            "children": [chart_id],
            "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        position[chart_id] = {
            "type": "CHART",
            "id": chart_id,
            "children": [],
            "parents": [*parents, row_id],
            "meta": {
                # Superset puts its own number here; it reads one before it does.
                "chartId": len(position),
                "uuid": document["uuid"],
                "sliceName": document["slice_name"],
                "width": 12,
                "height": KINDS[chart["kind"]][1],
            },
        }
    return {
        "dashboard_title": title,
        "slug": name.replace("_", "-"),
        "uuid": stable_id("dashboard", name),
        "published": True,
        "position": position,
        "metadata": {
            # Its colours are seen on dark and light; the second of supersetColors is not.
            "color_scheme": "d3Category10",
            "label_colors": COLOURS,
            "refresh_frequency": 300,
        },
        "version": "1.0.0",
    }
