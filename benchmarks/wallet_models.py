"""The models of the wallets beside the runbook's audit, which looks at shields only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from benchmarks.figures import Figure, medians_in_turn
from benchmarks.service import Service

# The runbook's "Audit wallet vs claims consistency", run to its end: without its limit of 50 rows.
AUDIT: LiteralString = """
with claim_totals as (
    select
        user_id,
        count(*) filter (where sku = 'consumable_streakshield_1') as claimed_shields
    from purchase_claims
    group by user_id
)
select
    w.user_id,
    w.streakshield_count as wallet_shields,
    coalesce(c.claimed_shields, 0) as claimed_shields,
    w.streakshield_count - coalesce(c.claimed_shields, 0) as discrepancy
from user_wallet_balances w
left join claim_totals c on w.user_id = c.user_id
where w.streakshield_count != coalesce(c.claimed_shields, 0)
"""


def measure(service: Service) -> Iterator[Figure]:
    """Measure with keys only, as the runbook finds the tables, then with the index it adds."""
    with service.connect() as connection:
        yield _models_beside_audit(service, connection, "keys only")
        for table in ("purchase_claims", "user_wallet_balances"):
            yield _scans(service, connection, table)
        with service.indexed(connection):
            yield _models_beside_audit(service, connection, "with index")


def _models_beside_audit(service: Service, connection: psycopg.Connection, case: str) -> Figure:
    models, audit = medians_in_turn(
        service.runs, lambda: _build_seconds(service), lambda: _audit_seconds(connection)
    )
    return Figure(f"wallet models / audit, {case}", models, 2.1, reference=audit)


def _build_seconds(service: Service) -> float:
    times = service.dbt("run", "--select", "wallets", "--full-refresh")
    return sum(seconds for node, seconds in times.items() if node.startswith("model."))


def _audit_seconds(connection: psycopg.Connection) -> float:
    start = time.perf_counter()
    connection.execute(AUDIT).fetchall()
    return time.perf_counter() - start


def _scans(service: Service, connection: psycopg.Connection, table: str) -> Figure:
    """Count the scans of a table in the plan of the only model that reads it."""
    compiled = next(service.target.glob("compiled/**/int_wallet_balances.sql")).read_text()
    plan = connection.execute(b"explain (format json) " + compiled.encode()).fetchone()
    assert plan is not None
    scans = sum(node.get("Relation Name") == table for node in _nodes(plan[0][0]["Plan"]))
    return Figure(f"scans of {table}", scans, 1, unit="", sign="=")


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
