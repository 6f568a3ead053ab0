"""The page: what stands at its top, its tiles and sections, put into the template."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from claimctl.report import palette, words
from claimctl.report.figures import Figures
from claimctl.report.sections import Section, Table, sections

# By the exit code of `claimctl alerts`: the word, the colour, and what it means.
VERDICTS = {
    0: ("Nothing fires", "good", "All alerts are judged, and none fires."),
    1: ("A warning fires", "warn", "Look at it today."),
    2: ("On fire", "bad", "A critical alert fires."),
    3: ("Unknown", "unknown", "Data is missing, too little or stale: a fault would not show."),
}
SLO_NAMES = {
    "accuracy": "Wallets are right",
    "availability": "Requests do not fail",
    "latency": "Requests are fast",
    "error_rate": "Quarters of an hour with few errors",
}
COLOURS = {"met": "good", "missed": "bad", "no_data": "unknown"}


@dataclass(frozen=True)
class Tile:
    """An objective: is it met, and how much of its budget is left."""

    name: str
    last_hour: dict[str, Any]
    month: dict[str, Any]

    @property
    def left(self) -> float | None:
        """The share of the budget of 30 days that is left, for the bar."""
        remaining = self.month["budget_remaining"]
        return None if remaining is None else min(max(float(remaining), 0.0), 1.0)


def render(figures: Figures) -> str:
    """Return the page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"raw": words.raw, "moment": words.moment}
    text = (files("claimctl") / "report" / "page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        **_top(figures),
        figures=figures,
        tiles=_tiles(figures),
        sections=list(sections(figures)),
        tables=_tables(figures),
        palette=palette,
        shown=words.shown,
        colours=COLOURS,
    )


def _top(figures: Figures) -> dict[str, Any]:
    from claimctl.notifications import rounded

    word, colour, meaning = VERDICTS[figures.verdict["exit_code"]]
    noted = [alert for alert in figures.verdict["alerts"] if alert["state"] != "ok"]
    firing = [alert for alert in noted if alert["state"] == "firing"]
    commands = {row["alert"]: row["command"] for row in figures.rows["alerts"]}
    for alert in noted:
        alert["command"] = alert["command"] or commands.get(alert["alert"])
    build = figures.rows["build"][0] if figures.rows["build"] else None
    return {
        "word": word,
        "colour": colour,
        "meaning": meaning,
        "since": min((alert["since"] for alert in firing if alert["since"]), default=None),
        "noted": noted,
        "rounded": rounded,
        "build": build,
        "age": words.age(build["age_seconds"]) if build else None,
    }


def _tiles(figures: Figures) -> list[Tile]:
    budgets = [dict(row) for row in figures.rows["budgets"]]
    by_lookback = {(row["slo"], row["lookback"]): row for row in budgets}
    return [
        Tile(name, by_lookback[slo, "1h"], by_lookback[slo, "30d"])
        for slo, name in SLO_NAMES.items()
        if (slo, "30d") in by_lookback
    ]


def _tables(figures: Figures) -> dict[str, Table]:
    """Return the tables that stand without a chart."""
    titles = {
        "budgets": ("rpt_error_budget", "Objectives and their budgets"),
        "wallets": ("rpt_wallet_balance_health", "Wallets by item, as of the last build"),
        "caps": ("fct_cap_violations", "Claims beyond their cap"),
        "drift": ("rpt_drift_causes", "What to do about each cause"),
        "repair_times": (
            "rpt_time_to_repair",
            "How long balances were wrong, by the week of the end",
        ),
        "users": ("fct_wallet_discrepancies", "Users whose settled wallet is wrong"),
        "open_plans": ("claim_ops.plans", "Open plans"),
        "repairs": ("claim_ops.line_states", "The last repairs"),
    }
    return {
        name: Table(model, title, figures.rows[name]) for name, (model, title) in titles.items()
    }


__all__ = ["Section", "render"]
