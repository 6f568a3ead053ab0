"""`claimctl alerts`: what fires, for people, schedulers and monitoring systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claimctl.alerting import AlertsCommand, AlertsExitCode
from claimctl.options import Options, global_options

CONTACTS = "contacts"


@click.command(cls=AlertsCommand)
@click.option(
    "--notify",
    "notify_urls",
    multiple=True,
    is_flag=False,
    flag_value=CONTACTS,
    metavar="[URL]",
    help="Send what is due: alone to the escalation contacts; with a URL of Apprise there.",
)
@click.option(
    "--prometheus",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a text file for Prometheus.",
)
@global_options
@click.pass_obj
def alerts(options: Options, notify_urls: tuple[str, ...], prometheus: Path | None) -> None:
    """Show each alert: its state, since when, its value against the threshold, what to do.

    It reads the models without dbt. With --notify one message goes out when an alert fires, one
    for each level that it climbs to, and one when it is over, however often and from however many
    places it is called. It may be repeated: --notify --notify json://hooks.example.com.

    Exit code 0: ok, 1: a warning fires, 2: a critical alert fires, 3: unknown, because data is
    missing, too little or stale, or because something here went wrong.

    \b
    Example:
      claimctl alerts --notify --prometheus /var/lib/node_exporter/claims.prom
    """
    from claimctl.alerting import judge, models_schema
    from claimctl.database import reading
    from claimctl.output import print_json

    urls = [url for url in notify_urls if url != CONTACTS]
    complaints: list[str] = []
    if urls:
        from claimctl.notifications import check_urls

        check_urls(urls)
    with reading(options) as connection:
        schema = models_schema(connection, options)
        document = judge(connection, schema)
    if prometheus:
        from claimctl.metrics import write_metrics

        complaints += write_metrics(document, prometheus)
    if notify_urls:
        from claimctl.notifications import notify

        complaints += notify(options, schema, document["alerts"], urls, CONTACTS in notify_urls)
    if options.as_json:
        print_json({**document, "complaints": complaints})
    else:
        _print_alerts(document)
    for complaint in complaints:
        click.echo(f"claimctl: {complaint}", err=True)
    if complaints and document["exit_code"] != AlertsExitCode.CRITICAL:
        raise SystemExit(AlertsExitCode.UNKNOWN)
    raise SystemExit(document["exit_code"])


def _print_alerts(document: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from claimctl.notifications import rounded
    from claimctl.output import ALERT_STYLES, print_table, printable, utc

    columns = ("state", "severity", "alert", "since", "value", "threshold", "level")
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for alert in document["alerts"]:
        style = ALERT_STYLES[alert["severity"] if alert["state"] == "firing" else alert["state"]]
        table.add_row(
            Text(_state(alert), style=style),
            alert["severity"],
            alert["alert"],
            utc(alert["since"])[:16],
            rounded(alert["value"]),
            rounded(alert["threshold"]),
            str(alert["escalation_level"] or ""),
        )
    print_table(table)
    for alert in document["alerts"]:
        if alert["state"] != "ok":
            print(f"\n{alert['alert']}: {printable(alert['description'])}")
            print(f"  -> {printable(alert['command'])}   {printable(alert['runbook_url'])}")
    print()
    for sentence in document["stale"]:
        print(f"STALE: {printable(sentence)}")
    verdict = AlertsExitCode(document["exit_code"]).name.lower().replace("_", " ")
    print(f"Together: {verdict}. Times are in UTC.")


def _state(alert: dict[str, Any]) -> str:
    """Return the state; an alert that only silence holds says so."""
    signal = alert["signal"]
    if alert["state"] == "firing" and signal in ("no_data", "low_traffic"):
        return f"firing, held by {signal}"
    return str(alert["state"])
