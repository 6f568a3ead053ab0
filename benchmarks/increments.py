"""A build of the wallet models after little or nothing new, beside a full one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg

from benchmarks.data import settle
from benchmarks.figures import Figure, medians_in_turn
from benchmarks.service import Service

# As many at 50 million claims as at 5 million.
MOST_NEW_CLAIMS = 50_000
LARGE = 50_000_000

# Claims of users at random, a few hours old, each in its wallet: what a service writes.
NEW_CLAIMS: LiteralString = """
with

given as (
    select user_id
    from user_wallet_balances
    where random() < %(claims)s::float / %(wallets)s
),

new as (
    insert into purchase_claims (tx_id, user_id, sku, claimed_at)
    select gen_random_uuid()::text, user_id, 'consumable_streakshield_1', now() - interval '4 hours'
    from given
    returning user_id
)

update user_wallet_balances as wallets
set streakshield_count = streakshield_count + 1, updated_at = now() - interval '4 hours'
from new
where wallets.user_id = new.user_id
"""


def measure(service: Service) -> Iterator[Figure]:
    """Measure with keys only, then with the index that the runbook adds."""
    with service.connect() as connection:
        yield from _beside_full(service, connection, "keys only")
        for index in service.claims_indexes:
            connection.execute(index.encode())
        settle(connection)
        yield from _beside_full(service, connection, "with index")


def _beside_full(service: Service, connection: psycopg.Connection, case: str) -> Iterator[Figure]:
    new = min(MOST_NEW_CLAIMS, service.sizes.claims // 100)
    full, nothing, few = medians_in_turn(
        service.runs,
        lambda: _seconds(service, "--full-refresh"),
        lambda: _seconds(service),
        lambda: _after(service, connection, new),
    )
    yield Figure(f"wallet models after nothing new / full, {case}", nothing, 0.14, reference=full)
    goal = 0.1 if service.sizes.claims >= LARGE else 0.25
    name = f"wallet models after {new:,} new claims / full, {case}"
    yield Figure(name, few, goal, reference=full)


def _after(service: Service, connection: psycopg.Connection, claims: int) -> float:
    connection.execute(NEW_CLAIMS, {"claims": claims, "wallets": service.sizes.wallets})
    return _seconds(service)


def _seconds(service: Service, *options: Any) -> float:
    times = service.dbt("run", "--select", "wallets", *options)
    return sum(seconds for node, seconds in times.items() if node.startswith("model."))
