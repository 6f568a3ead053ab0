"""The charts of the page: each a question, what is drawn, its table, and its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from claimctl.report.charts import NARROW, WIDE, ByName, OverTime, Series, Threshold
from claimctl.report.figures import Figures, Row
from claimctl.report.words import heading, percent, shown

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PALETTE = ("blue", "teal", "warn", "unknown", "good", "bad")


@dataclass(frozen=True)
class Table:
    """The rows of an answer, with their columns; all of them where none is named."""

    model: str
    title: str
    rows: Sequence[Row]
    shown: tuple[str, ...] = ()

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Each column and its heading."""
        names = self.shown or (self.rows[0] if self.rows else ())
        return [(column, heading(column)) for column in names]


@dataclass(frozen=True)
class Section:
    """A question with its chart; without a row, what that means."""

    name: str
    question: str
    note: str
    empty: str
    table: Table
    alternative: str = ""
    wide: str = ""
    narrow: str = ""


Chart = OverTime | ByName


def sections(figures: Figures) -> Iterator[Section]:
    """Draw all charts, one after the other."""
    for name, question, model, empty, chart_of in CHARTS:
        table_rows = figures.rows[name.partition(".")[0]]
        chart, rows, note = chart_of(figures, table_rows)
        table = Table(model, question, table_rows, COLUMNS.get(name, ()))
        rows = [row for row in rows if _has_value(chart, row)]
        slug = name.replace(".", "-").replace("_", "-")
        if not rows:
            yield Section(slug, question, note, empty, table)
            continue
        wide = _own_names(chart.svg(rows, WIDE), f"{slug}-wide")
        narrow = _own_names(chart.svg(rows, NARROW), f"{slug}-narrow")
        words = _alternative(chart, rows)
        yield Section(slug, question, note, empty, table, words, wide, narrow)


def _requests(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (
        Series("successful", "answered (2xx)", "good"),
        Series("cap_exceeded", "refused by a cap", "warn"),
        Series("client_errors", "other 4xx", "unknown"),
        Series("errors", "errors (5xx)", "bad"),
    )
    return OverTime("hour", series, "requests an hour", step=HOUR), rows, _silence(rows)


def _errors(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (Series("error_rate", "errors of the hour", "bad"),)
    threshold = _thresholds(figures, "error_rate", "alert above {}")
    chart = OverTime("hour", series, "share of requests", form="%", thresholds=threshold)
    return chart, rows, "An alert needs more than the threshold for several minutes in a row."


def _latency(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (
        Series("p99_latency_ms", "p99", "unknown"),
        Series("p95_latency_ms", "p95", "blue"),
        Series("p50_latency_ms", "p50", "teal"),
        Series("avg_latency_ms", "mean", "warn"),
    )
    objective = figures.rows["windows"][-1]["slo_latency_ms"] if figures.rows["windows"] else None
    share = figures.one("budgets", slo="latency").get("objective")
    lines: tuple[Threshold, ...] = ()
    note = "p95: one request in twenty took longer."
    if objective is not None and share is not None:
        lines = (Threshold(float(objective), f"objective {objective:,.0f} ms"),)
        note += f" Objective: {percent(share)} of the requests take at most {objective:,.0f} ms."
    return OverTime("hour", series, "milliseconds", thresholds=lines), rows, note


def _windows(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (
        Series("met", "met", "good"),
        Series("missed", "missed", "bad"),
        Series("low_traffic", "too few requests to judge", "faint"),
        Series("no_data", "no request", "silent"),
    )
    chart = OverTime("day", series, "quarters of an hour a day", step=DAY)
    return chart, rows, "Days in UTC; the last one is still running."


def _conflicts(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (
        Series("conflict_rate", "of the hour", "teal"),
        Series("rolling_24h_conflict_rate", "of 24 hours", "warn"),
    )
    threshold = _thresholds(figures, "conflict_rate", "alert above {} in 60 minutes")
    chart = OverTime("hour", series, "share of requests", form="%", thresholds=threshold)
    return chart, rows, "A refusal by a cap is an answer, not an error."


def _accuracy(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    items = list(dict.fromkeys(row["item"] for row in rows))
    series = tuple(
        Series(item, item, PALETTE[number % len(PALETTE)]) for number, item in enumerate(items)
    )
    pivoted: dict[Any, dict[str, Any]] = {}
    for row in rows:
        each = pivoted.setdefault(row["built_at"], {"built_at": row["built_at"]})
        each |= dict.fromkeys(items) | each
        each[row["item"]] = row["accuracy"]
    # From a little below the least accurate build up to all.
    worst = min((row["accuracy"] for row in rows if row["accuracy"] is not None), default=1.0)
    least = max(1 - 1.25 * max(1 - worst, 0.0001), 0.0)
    chart = OverTime(
        "built_at", series, "settled balances that are right", form=".4~%", least=least, most=1.0
    )
    return chart, list(pivoted.values()), "The last build of each hour."


def _wrong(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    series = (
        Series("short", "short", "bad"),
        Series("missing_wallets", "missing wallet", "unknown"),
        Series("excess", "excess", "warn"),
        Series("unsettled", "of these in flight", "teal"),
    )
    columns = [each.column for each in series]
    summed: dict[Any, dict[str, Any]] = {}
    for row in rows:
        each = summed.setdefault(row["built_at"], dict.fromkeys(columns, 0))
        each["built_at"] = row["built_at"]
        for column in columns:
            each[column] += row[column]
    note = "All items together; the last build of each hour. Short and missing are owed to users."
    return OverTime("built_at", series, "balances"), list(summed.values()), note


TYPES = (
    Series("short", "short", "bad"),
    Series("missing_wallet", "missing wallet", "unknown"),
    Series("excess", "excess", "warn"),
)


def _discrepancies(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    note = "Settled and in flight. What is in flight may close by itself and is never repaired."
    return ByName("item", "discrepancy_type", "balances", TYPES, "balances"), rows, note


def _causes(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    chart = ByName("probable_cause", "discrepancy_type", "balances", TYPES, "balances")
    return chart, rows, "The first cause that the data show. Settled and in flight."


def _revenue(figures: Figures, rows: Sequence[Row]) -> tuple[Chart, Sequence[Row], str]:
    words = [{**row, "part": "yes" if row["is_recoverable"] else "no"} for row in rows]
    parts = (
        Series("yes", "a plan can claim them", "bad"),
        Series("no", "nothing to claim yet", "teal"),
    )
    note = "Prices as in the catalogue; without a price the table has the number alone."
    return ByName("discrepancy_type", "part", "revenue", parts, "revenue", ",.2f"), words, note


# Of answers that stand behind several charts, the columns of each.
COLUMNS = {
    "requests": ("hour", "total_requests", "successful", "cap_exceeded", "client_errors", "errors"),
    "requests.errors": ("hour", "state", "total_requests", "errors", "error_rate"),
    "requests.latency": (
        *("hour", "avg_latency_ms", "p50_latency_ms", "p95_latency_ms", "p99_latency_ms"),
    ),
    "history": ("built_at", "item", "accuracy"),
    "history.wrong": ("built_at", "item", "short", "excess", "missing_wallets", "unsettled"),
}
Draw = Callable[[Figures, Sequence[Row]], tuple[Chart, Sequence[Row], str]]
NO_REQUEST = "The log has no request of these days: it had none, or was not written."
NO_BUILD = "No build of these days: run dbt build."
# The answer that is drawn, the question, the model, what no row means, and the chart.
CHARTS: tuple[tuple[str, str, str, str, Draw], ...] = (
    (
        *("requests", "How many requests came, and how were they answered?"),
        *("rpt_claim_service_health", NO_REQUEST, _requests),
    ),
    (
        *("requests.errors", "Which share of the requests failed?"),
        *("rpt_claim_service_health", NO_REQUEST, _errors),
    ),
    (
        *("requests.latency", "How long did users wait?"),
        *("rpt_claim_service_health", NO_REQUEST, _latency),
    ),
    (
        *("windows", "How often was the service as good as promised?"),
        *("rpt_slo_windows", NO_REQUEST, _windows),
    ),
    (
        *("conflicts", "How often did a cap refuse a claim?"),
        *("v_claim_conflicts_rolling", NO_REQUEST, _conflicts),
    ),
    (
        *("history", "How many wallets are right?"),
        *("fct_wallet_balance_history", NO_BUILD, _accuracy),
    ),
    (
        *("history.wrong", "How many balances were wrong at each build?"),
        *("fct_wallet_balance_history", NO_BUILD, _wrong),
    ),
    (
        *("discrepancies", "What is wrong now?"),
        *("fct_wallet_discrepancies", "No wallet is wrong.", _discrepancies),
    ),
    (
        *("causes", "Why are they wrong, probably?"),
        *("fct_discrepancy_causes", "No wallet is wrong.", _causes),
    ),
    (
        *("revenue", "What are purchases worth that do not match their claims?"),
        *("rpt_revenue_at_stake", "Every purchase matches its claim.", _revenue),
    ),
)


def _thresholds(figures: Figures, alert: str, label: str) -> tuple[Threshold, ...]:
    value = figures.one("alerts", alert=alert).get("threshold")
    return () if value is None else (Threshold(value, label.format(percent(value))),)


def _silence(rows: Sequence[Row]) -> str:
    silent = sum(row["state"] == "no_data" for row in rows)
    hours = "1 hour" if silent == 1 else f"{silent} hours"
    return f"Grey: {hours} without a request in the log." if silent else ""


def _has_value(chart: Chart, row: Row) -> bool:
    if isinstance(chart, ByName):
        return row[chart.column] is not None
    return row.get("state") == "no_data" or any(
        row[series.column] is not None for series in chart.series
    )


def _alternative(chart: Chart, rows: Sequence[Row]) -> str:
    """Return in words what the chart shows."""
    if isinstance(chart, ByName):
        bars = (
            f"{row[chart.name]}, {shown(chart.part, row[chart.part])}: "
            f"{shown(chart.column, row[chart.column])}"
            for row in rows
        )
        return f"Bars of {chart.unit}. {'; '.join(bars)}."
    time = chart.time
    kind = "Stacked bars" if chart.step else "Lines"
    span = f"from {shown(time, rows[0][time])} to {shown(time, rows[-1][time])} UTC"
    parts = [f"{kind} of {chart.unit} {span}."]
    for series in chart.series:
        known = [row for row in rows if row[series.column] is not None]
        if known:
            top = max(known, key=lambda row: row[series.column])
            column = "accuracy" if chart.most == 1.0 else series.column
            parts.append(
                f"{series.label}: last {shown(column, known[-1][series.column])}, highest "
                f"{shown(column, top[series.column])} at {shown(time, top[time])}."
            )
    return " ".join(parts)


def _own_names(svg: str, prefix: str) -> str:
    """Give what a picture defines names that no other picture of the page has."""
    renamed = re.sub(r'(id="|url\(#)', rf"\g<1>{prefix}-", svg)
    return renamed.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
