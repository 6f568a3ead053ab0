"""The alerts as a text file for Prometheus' node exporter."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

STATES = ("firing", "pending", "ok", "low_traffic", "no_data")


def write_metrics(document: dict[str, Any], file: Path) -> list[str]:
    """Write the file at once, so that no scrape reads half of it; return what went wrong."""
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    registry = CollectorRegistry()

    def gauge(name: str, description: str, *labels: str) -> Gauge:
        return Gauge(name, description, labels, registry=registry)

    state = gauge(
        "claim_alert_state", "1 for the alert's present state.", "alert", "severity", "state"
    )
    figures = {
        "value": gauge(
            "claim_alert_value", "The value that the rule compares with its threshold.", "alert"
        ),
        "threshold": gauge(
            "claim_alert_threshold", "The threshold, above which the rule is breached.", "alert"
        ),
        "escalation_level": gauge(
            "claim_alert_escalation_level",
            "The escalation level that the alert has reached.",
            "alert",
        ),
    }
    since = gauge(
        "claim_alert_since_timestamp_seconds",
        "The time since when the alert is in its state.",
        "alert",
    )
    for alert in document["alerts"]:
        for each in STATES:
            labels = (alert["alert"], alert["severity"], each)
            state.labels(*labels).set(alert["state"] == each)
        for name, figure in figures.items():
            if alert[name] is not None:
                figure.labels(alert["alert"]).set(alert[name])
        if alert["since"]:
            since.labels(alert["alert"]).set(_seconds(alert["since"]))
    gauge("claim_alerts_exit_code", "0 ok, 1 warning, 2 critical, 3 unknown.").set(
        document["exit_code"]
    )
    gauge(
        "claim_alerts_judged_timestamp_seconds", "The time when this file was written."
    ).set_to_current_time()
    if document["built_at"]:
        built_at = gauge(
            "claim_models_built_timestamp_seconds", "The time when dbt built the models."
        )
        built_at.set(_seconds(document["built_at"]))
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        return [f"{file} could not be written: {error.strerror}."]
    return []


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
