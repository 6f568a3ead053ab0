"""What `claimctl watch` shows: one document, and the frame that is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claimctl.output import ALERT_STYLES, utc
from claimctl.text import printable

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from claimctl.database import Database
    from claimctl.options import Options

Document = dict[str, Any]

# Minutes that are shown one by one; the hour is summed up.
SHOWN_MINUTES = 5
VERDICTS = ("ok", "warning", "critical", "unknown")


def look(connection: Database, options: Options) -> Document:
    """Read alerts, requests of the last hour, discrepancies and running applies, at one moment."""
    from psycopg.sql import Identifier

    from claimctl.alerting import judge, models_schema
    from claimctl.database import run_sql
    from claimctl.guard import is_installed

    schema = models_schema(connection, options)
    models = {"models": Identifier(schema)}
    verdict = judge(connection, schema)
    has_guard = is_installed(connection)
    return {
        "verdict": VERDICTS[verdict["exit_code"]],
        "stale": verdict["stale"],
        "built_at": verdict["built_at"],
        "alerts": [
            {name: alert[name] for name in ("alert", "severity", "state", "since")}
            for alert in verdict["alerts"]
        ],
        "minutes": run_sql(connection, "database/latency.sql", {}, models),
        "discrepancies": run_sql(connection, "report/discrepancies.sql", {}, models),
        "applies": run_sql(connection, "watch/applies.sql", {}) if has_guard else [],
    }


def frame(document: Document) -> Group:
    """Return the document as it is shown."""
    from rich.console import Group
    from rich.text import Text

    style = {"critical": "bold red", "warning": "yellow", "ok": "green", "unknown": "magenta"}
    verdict = document["verdict"]
    top = Text.assemble(
        (verdict.upper(), style[verdict]),
        f"   models of {utc(document['built_at'])[:16]}, times in UTC",
    )
    stale = [Text(f"STALE: {printable(each)}", "magenta") for each in document["stale"]]
    return Group(
        top,
        *stale,
        _alerts(document),
        _applies(document),
        _discrepancies(document),
        _requests(document),
    )


def _alerts(document: Document) -> Table | Text:
    """Return the alerts that say something; those that are ok are counted, to leave room."""
    said = [alert for alert in document["alerts"] if alert["state"] != "ok"]
    quiet = len(document["alerts"]) - len(said)
    title = f"Alerts: {quiet} ok, {len(said)} not"
    if not said:
        return _sentence(title)
    table = _table(title, "state", "severity", "alert", "since")
    for alert in said:
        style = ALERT_STYLES[alert["severity"] if alert["state"] == "firing" else alert["state"]]
        cells = (alert["state"], alert["severity"], alert["alert"], utc(alert["since"])[:16])
        table.add_row(*_cells(*cells), style=style)
    return table


def _requests(document: Document) -> Table | Text:
    minutes = document["minutes"]
    requests, errors = (sum(row[name] for row in minutes) for name in ("requests", "errors"))
    title = f"Requests of the last hour: {requests:,}, of these errors: {errors:,}"
    if not minutes:
        return _sentence(title)
    table = _table(title, "minute", "requests", "errors", "p50 ms", "p95 ms", "longest ms")
    for row in minutes[-SHOWN_MINUTES:]:
        times = (row["p50_latency_ms"], row["p95_latency_ms"], row["longest_ms"])
        table.add_row(
            row["minute"].strftime("%H:%M"),
            f"{row['requests']:,}",
            f"{row['errors']:,}",
            *("" if value is None else f"{value:,.0f}" for value in times),
            style="red" if row["errors"] else "",
        )
    return table


def _discrepancies(document: Document) -> Table | Text:
    rows = document["discrepancies"]
    if not rows:
        return _sentence("No balance is wrong.")
    table = _table("Wrong balances", "item", "type", "balances", "settled", "net quantity")
    for row in rows:
        settled = "accepted" if row["is_accepted"] else "settled" if row["is_settled"] else ""
        cells = (row["item"], row["discrepancy_type"], row["balances"], settled or "in flight")
        table.add_row(*_cells(*cells, row["net_quantity"]))
    return table


def _applies(document: Document) -> Table | Text:
    rows = document["applies"]
    if not rows:
        return _sentence("No plan is being applied.")
    title = "Plans that are being applied"
    table = _table(title, "plan", "kind", "decided", "of", "lines/s", "left")
    for row in rows:
        left = "stands still" if row["seconds_left"] is None else f"{row['seconds_left']:,} s"
        rate = f"{float(row['lines_a_second']):,.0f}"
        table.add_row(
            *_cells(row["plan_id"], row["kind"], row["decided"], row["lines"], rate, left)
        )
    return table


def _sentence(text: str) -> Text:
    from rich.text import Text

    return Text(f"\n{text}", "bold")


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _cells(*values: Any) -> list[str]:
    return [printable(value) for value in values]
