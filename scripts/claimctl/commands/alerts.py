"""`claimctl alerts`: what fires, for people, schedulers and monitoring systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claimctl.alerting import AlertsCommand, AlertsExitCode
from claimctl.options import Options, global_options
from claimctl.output import say

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

    It reads the models without dbt. With --notify it sends one message when an alert fires, one for
    each further level that it reaches, and one when it is over, even if it runs often or on several
    machines. The option may be repeated: --notify --notify json://hooks.example.com.

    Exit code 0: ok, 1: a warning fires, 2: a critical alert fires, 3: unknown, because data is
    missing, too little or stale, or because this command itself failed.

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
    from claimctl.notifications import rounded
    from claimctl.output import ALERT_STYLES, print_rows, utc
    from claimctl.text import printable

    columns = ("state", "severity", "alert", "since", "value", "threshold", "level")
    rows = [
        (
            _state(alert),
            alert["severity"],
            alert["alert"],
            utc(alert["since"])[:16],
            rounded(alert["value"]),
            rounded(alert["threshold"]),
            str(alert["escalation_level"] or ""),
        )
        for alert in document["alerts"]
    ]
    styles = [
        ALERT_STYLES[alert["severity"] if alert["state"] == "firing" else alert["state"]]
        for alert in document["alerts"]
    ]
    print_rows("", columns, rows, styles=styles)
    for alert in document["alerts"]:
        if alert["state"] != "ok":
            say(f"\n{alert['alert']}: {printable(alert['description'])}")
            for line in (alert["command"], alert["runbook_url"]):
                if line:
                    say(f"  {printable(line)}")
    say()
    if document["builds"]:
        ages = (f"{b['selector']} {b['age_minutes']} minutes ago" for b in document["builds"])
        say(f"Built last: {printable(', '.join(ages))}.")
    for sentence in document["stale"]:
        say(f"STALE: {printable(sentence)}")
    verdict = AlertsExitCode(document["exit_code"]).name.lower().replace("_", " ")
    say(f"Together: {verdict}. Times are in UTC.")


def _state(alert: dict[str, Any]) -> str:
    """Return the state; an alert that only silence holds says so."""
    signal = alert["signal"]
    if alert["state"] == "firing" and signal in ("no_data", "low_traffic"):
        return f"firing, held by {signal}"
    return str(alert["state"])
