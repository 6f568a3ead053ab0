"""A build of the wallet models after little or nothing new, beside a full one."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import LiteralString

import psycopg

from benchmarks.figures import Figure
from benchmarks.service import Service

# As many at 50 million claims as at 5 million.
MOST_NEW_CLAIMS = 50_000
LARGE = 50_000_000
BALANCES = "int_wallet_balances"

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
        with service.indexed(connection):
            yield from _beside_full(service, connection, "with index")


def _beside_full(service: Service, connection: psycopg.Connection, case: str) -> Iterator[Figure]:
    new = min(MOST_NEW_CLAIMS, service.sizes.claims // 100)
    rounds = [
        (_models(service, "--full-refresh"), _models(service), _after(service, connection, new))
        for _ in range(service.runs)
    ]
    goal = 0.1 if service.sizes.claims >= LARGE else 0.25
    for what, goals in (("wallet models", (0.14, goal)), (BALANCES, (None, None))):
        full, nothing, few = (
            median(each[what] for each in turn) for turn in zip(*rounds, strict=True)
        )
        name = f"{what} after nothing new / full, {case}"
        yield Figure(name, nothing, goals[0], reference=full)
        name = f"{what} after {new:,} new claims / full, {case}"
        yield Figure(name, few, goals[1], reference=full)


def _after(service: Service, connection: psycopg.Connection, claims: int) -> dict[str, float]:
    connection.execute(NEW_CLAIMS, {"claims": claims, "wallets": service.sizes.wallets})
    return _models(service)


def _models(service: Service, *options: str) -> dict[str, float]:
    """Build; return the seconds of all models, and of the one that reads claims and wallets."""
    times = service.dbt("run", "--select", "wallets", *options)
    models = {name: seconds for name, seconds in times.items() if name.startswith("model.")}
    return {
        "wallet models": sum(models.values()),
        BALANCES: sum(seconds for name, seconds in models.items() if name.endswith(BALANCES)),
    }
