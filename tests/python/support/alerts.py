"""Alerts whose states a test decides, and a webhook that keeps what it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from support.databases import MODELS_SCHEMA, Database

SEVERITIES = {"error_rate": "critical", "latency": "warning", "conflict_rate": "info"}


def put_alerts_in_place(database: Database) -> None:
    """Put a table of alerts, all ok, in the place of the model, and let the models be fresh."""
    database.execute(
        f"""
        drop view if exists {MODELS_SCHEMA}.rpt_alerts;
        create table {MODELS_SCHEMA}.rpt_alerts (
            alert text primary key, severity text, state text default 'ok',
            since timestamptz default date_trunc('minute', now()) - interval '1 day',
            value double precision default 0.001, threshold double precision default 0.05,
            signal text default 'ok', requests bigint default 100, for_minutes int default 1,
            escalation_level int, description text default 'A share of requests.',
            runbook_url text,
            judged_at timestamptz default date_trunc('minute', now())
        );
        grant select on {MODELS_SCHEMA}.rpt_alerts to claim_reader;
        """
    )
    for alert, severity in {**SEVERITIES, "unapproved_break_glass": "critical"}.items():
        anchor = alert.replace("_", "-")
        database.execute(
            f"insert into {MODELS_SCHEMA}.rpt_alerts (alert, severity, runbook_url)"
            f" values ('{alert}', '{severity}', 'docs/runbook.md#{anchor}')"
        )
    database.execute(
        f"update {MODELS_SCHEMA}.rpt_wallet_build"
        " set built_at = now(), too_old_at = now() + interval '24 hours'"
    )


def set_alert(
    database: Database,
    alert: str,
    state: str,
    *,
    minutes: float = 0,
    level: int | None = None,
    signal: str | None = None,
) -> None:
    """Let an alert be in a state since so many minutes."""
    with database.connect() as connection:
        connection.execute(
            f"""
            update {MODELS_SCHEMA}.rpt_alerts
            set state = %s, escalation_level = %s, signal = %s, value = %s,
                since = date_trunc('minute', now()) - %s * interval '1 minute'
            where alert = %s
            """.encode(),
            [state, level, signal or state, 0.2 if state == "firing" else 0.001, minutes, alert],
        )


class Webhook:
    """A server that keeps each message, and refuses them while `status` says so."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.received: list[Mapping[str, Any]] = []
        self.status = 200
        self.delay = threading.Event()
        self.delay.set()
        server.expect_request("/", method="POST").respond_with_handler(self._take)

    @property
    def url(self) -> str:
        """The URL that Apprise sends to."""
        return f"json://127.0.0.1:{self.server.port}/"

    @property
    def titles(self) -> list[str]:
        """The subjects that came in, in their order."""
        return [message["title"] for message in self.received]

    def _take(self, request: Request) -> Response:
        self.delay.wait(10)
        if self.status == 200:
            self.received.append(request.json)
        return Response(status=self.status)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Run a webhook on a free port."""
    with HTTPServer(threaded=True) as server:
        yield Webhook(server)
        server.check()
