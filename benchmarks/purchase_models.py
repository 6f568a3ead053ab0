"""The models of purchases and caps beside the runbook's anti-join for missing claims."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import LiteralString

import psycopg

from benchmarks.audit_data import fill_audit
from benchmarks.data import settle
from benchmarks.figures import Figure, medians_in_turn
from benchmarks.service import Service

# The runbook's "Purchase Claim Recovery" without its insert, run to its end.
ANTI_JOIN: LiteralString = """
select a.tx_id, a.user_id, a.sku, a.purchased_at
from audit_purchases a
left join purchase_claims c on a.tx_id = c.tx_id
where c.tx_id is null
and a.sku in ('consumable_streakshield_1', 'consumable_xp_booster_7d')
and a.status = 'INITIAL_PURCHASE'
"""
MODELS = ("--select", "purchases", "caps")
TABLES = (
    "fct_purchase_discrepancies",
    "rpt_revenue_at_stake",
    "fct_cap_violations",
    "fct_cap_boundary_claims",
    "fct_claim_bursts",
)
# Nothing is built of a view: what it costs is paid by whoever reads all of it.
VIEWS = ("fct_cap_usage",)


def measure(service: Service) -> Iterator[Figure]:
    """Measure with the indexes that the service has: each model alone, then all abreast."""
    with service.connect() as connection, service.indexed(connection):
        fill_audit(connection)
        service.dbt("run", *MODELS)
        settle(connection)
        abreast, anti_join, *singly = medians_in_turn(
            service.runs,
            lambda: _elapsed(service),
            lambda: _seconds(connection, ANTI_JOIN),
            *(partial(_model, service, name) for name in TABLES),
        )
        for name, seconds in zip(TABLES, singly, strict=True):
            yield Figure(f"{name} / anti-join", seconds, 2, reference=anti_join)
        yield Figure("all of these / anti-join", sum(singly), 2, reference=anti_join)
        yield Figure("all, on four threads / anti-join", abreast, 2, reference=anti_join)
        for view in VIEWS:
            whole = f"select count(*), sum(claims) from dbt_claim_reconciliation.{view}"
            yield Figure(f"reading all of {view}", _seconds(connection, whole), None)


def _model(service: Service, name: str) -> float:
    """Build one model and return its seconds."""
    (seconds,) = (
        seconds
        for node, seconds in service.dbt("run", "--select", name).items()
        if node.startswith("model.")
    )
    return seconds


def _elapsed(service: Service) -> float:
    """Build the models abreast; return the seconds from the first one's start to the last's end."""
    service.dbt("run", *MODELS, threads=4)
    results = json.loads((service.target / "run_results.json").read_text())["results"]
    moments = [
        datetime.fromisoformat(timing[edge].replace("Z", "+00:00"))
        for result in results
        if result["unique_id"].startswith("model.")
        for timing in result["timing"]
        for edge in ("started_at", "completed_at")
    ]
    return (max(moments) - min(moments)).total_seconds()


def _seconds(connection: psycopg.Connection, query: str) -> float:
    start = time.perf_counter()
    connection.execute(query.encode()).fetchall()
    return time.perf_counter() - start
