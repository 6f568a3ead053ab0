"""Random histories of all kinds side by side in one database, for engines to be compared on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import hypothesis
import psycopg
from hypothesis import strategies as st

from support import request_streams
from support.balance_rules import Rules, Service
from support.cap_rules import CapRules
from support.databases import MODELS_SCHEMA, Database
from support.histories import CATALOG, copy_rows, services, store
from support.lake import SERVICE, Lake
from support.purchase_histories import CAPS, PRICES, Shop, shops
from support.purchase_rules import PurchaseClaim, Status
from support.random_shops import random_shops, store_shops
from support.request_streams import Arrival, streams
from support.service_rules import HOUR

SHOPS = 20
# What the strategies draw of each, side by side in one database.
HISTORIES = 60
PURCHASES = 30
STREAMS = 12
Example = TypeVar("Example")
Row = TypeVar("Row", PurchaseClaim, Status)
FILTERS = {
    "purchase_claims": "deleted_at is null",
    "audit_purchases": "environment = 'PRODUCTION'",
    "users": "deleted_at is null",
}
NULLABLE = """
    alter table wallet_adjustments drop constraint wallet_adjustments_pkey;
    alter table purchase_claims alter column user_id drop not null;
    alter table audit_purchases
        alter column tx_id drop not null, alter column user_id drop not null,
        alter column sku drop not null, alter column status drop not null,
        alter column purchased_at drop not null;
    alter table function_metrics
        alter column duration_ms drop not null, alter column status_code drop not null;
    create schema if not exists {schema};
    create table if not exists {schema}.sku_catalog (
        sku text, item text, quantity int, duration_hours int, weekly_cap int, monthly_cap int,
        unit_price numeric(10, 2)
    );
    create schema claim_ops;
    create table claim_ops.plans_of_claims (tx_id text, plan_id bigint, kind text);
    create view claim_ops.plan_claims as select * from claim_ops.plans_of_claims
"""
# Times without a zone: what the clocks of one showed.
WITHOUT_ZONE = """
    alter table purchase_claims
        alter column claimed_at drop default,
        alter column claimed_at type timestamp using claimed_at at time zone '{zone}';
    alter table user_wallet_balances
        alter column updated_at drop default,
        alter column updated_at type timestamp using updated_at at time zone '{zone}',
        alter column xp_booster_until type timestamp using xp_booster_until at time zone '{zone}'
"""


@dataclass(frozen=True)
class World:
    """Rules, types and zones of a build; without as_of, now is when the histories are made."""

    rules: Rules
    caps: CapRules
    user_id_type: str = "text"
    zone: str | None = None
    has_shops: bool = False
    vars: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """The schema of the models."""
        return MODELS_SCHEMA + ("_as_of" if self.rules.as_of else "")

    def all_vars(self) -> dict[str, Any]:
        """Return the vars of both engines' builds."""
        zones = dict.fromkeys(("purchase_claims", "user_wallet_balances"), self.zone)
        return {
            "user_id_data_type": self.user_id_type,
            "booster_stacking_policy": self.rules.policy,
            "booster_tolerance_seconds": self.rules.tolerance_seconds,
            "settle_minutes": self.rules.settle_minutes,
            "has_wallet_adjustments": self.rules.has_adjustments,
            "cap_timezone": self.caps.zone,
            "local_timezone": self.caps.local_zone,
            "cap_window": "rolling" if self.caps.is_rolling else "calendar",
            "burst_gap_minutes": self.caps.burst_gap_minutes,
            **({"claim_service_filters": FILTERS, "has_users": True} if self.has_shops else {}),
            **({"claim_service_time_zones": zones} if self.zone else {}),
            **({"as_of": self.rules.as_of.isoformat()} if self.rules.as_of else {}),
            **self.vars,
        }


PLAIN = World(Rules(as_of=datetime(2025, 10, 28, 12, tzinfo=UTC)), CapRules())


def store_histories(world: World, seed: int, database: Database) -> None:
    """Fill a database: wallets, purchases, requests, and twenty shops with SKUs of their own."""
    now = world.rules.as_of or datetime.now(UTC)
    with database.connect() as connection:
        if world.has_shops:
            policy, negative = world.rules.policy, str(world.vars["negative_ledger_policy"])
            shops = random_shops(seed, SHOPS, policy, negative, now)
            store_shops(shops, world.schema, connection)
        connection.execute(NULLABLE.format(schema=world.schema).encode())
        store(_services(world, seed, now), connection)
        _store_shop(world, seed, now, connection)
        request_streams.store(connection, _arrivals(seed, now))
        # What never ends, and what is owed to nobody known.
        connection.execute(
            b"update user_wallet_balances set xp_booster_until = 'infinity'"
            b" where user_id::text like '%3'"
        )
        if world.zone:
            connection.execute(WITHOUT_ZONE.format(zone=world.zone).encode())


def _drawn(strategy: st.SearchStrategy[Example], seed: int, examples: int) -> list[Example]:
    """Return what a strategy draws by a seed."""
    found: list[Example] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def keep(example: Example) -> None:
        found.append(example)

    keep()
    return found


def _own(number: int, user_id: str, world: World) -> str:
    """Return an id for a user of the history of that number."""
    if world.user_id_type == "uuid":
        return str(UUID(int=UUID(user_id).int + 64 * number))
    return f"{number}-{user_id}"


def _services(world: World, seed: int, now: datetime) -> Service:
    """Return drawn histories as one, each of users of its own."""
    together = Service(CATALOG)
    as_uuid = world.user_id_type == "uuid"
    drawn = _drawn(services(world.rules, now, as_uuid), seed, HISTORIES)
    for number, service in enumerate(drawn):
        for kind in ("claims", "adjustments", "wallets"):
            getattr(together, kind).extend(
                replace(row, user_id=_own(number, row.user_id, world))
                for row in getattr(service, kind)
            )
    return together


def _shop(world: World, seed: int, now: datetime) -> Shop:
    """Return drawn purchases as those of one shop, each with users of its own."""
    together = Shop()
    drawn = _drawn(shops(world.caps, now, world.user_id_type == "uuid"), seed, PURCHASES)
    for number, shop in enumerate(drawn, HISTORIES):

        def own(row: Row, number: int = number) -> Row:
            user_id = row.user_id and _own(number, row.user_id, world)
            return replace(row, user_id=user_id, tx_id=row.tx_id and f"{row.tx_id}-{number}")

        together.statuses += map(own, shop.statuses)
        together.claims += map(own, shop.claims)
        together.plans |= {f"{tx_id}-{number}": plan for tx_id, plan in shop.plans.items()}
    return together


def _arrivals(seed: int, now: datetime) -> list[Arrival]:
    """Return drawn streams of requests, of which each begins an hour after the one before."""
    drawn = _drawn(streams(now - STREAMS * HOUR), seed, STREAMS)
    return [
        replace(arrival, request=replace(arrival.request, at=arrival.request.at + number * HOUR))
        for number, stream in enumerate(drawn)
        for arrival in stream.arrivals
    ]


def copy_histories(
    world: World, database: Database, lake: Lake, *, keeps_models: bool = False
) -> dict[str, Any]:
    """Copy a database's tables into the lake, and return the vars of a build there."""
    if keeps_models:
        lake.execute(f"drop database {SERVICE} cascade")
        lake.copy(database, {"public": SERVICE})
    else:
        lake.clear()
        schemas = {"public": SERVICE, world.schema: world.schema, "claim_ops": "claim_ops"}
        lake.copy(database, schemas)
    return {**world.all_vars(), "claim_service_schema": SERVICE}


def _store_shop(world: World, seed: int, now: datetime, connection: psycopg.Connection) -> None:
    shop = _shop(world, seed, now)
    offers: list[tuple[object, ...]] = [
        (sku, "streakshield", 1, None, caps.week, caps.month, PRICES[sku])
        for sku, caps in CAPS.items()
    ]
    offers += [
        (sku, each.item, each.quantity, each.duration_hours, None, None, None)
        for sku, each in CATALOG.items()
    ]
    catalog = "sku, item, quantity, duration_hours, weekly_cap, monthly_cap, unit_price"
    rows: dict[str, list[tuple[object, ...]]] = {
        "purchase_claims (tx_id, user_id, sku, claimed_at)": [
            (c.tx_id, c.user_id, c.sku, c.claimed_at) for c in shop.claims
        ],
        "audit_purchases (tx_id, user_id, sku, status, purchased_at)": [
            (s.tx_id, s.user_id, s.sku, s.status, s.purchased_at)
            for s in shop.statuses
            # A row that is told twice is two rows.
            for _ in range(2 if s.tx_id and s.tx_id.startswith("3") else 1)
        ],
        "claim_ops.plans_of_claims": [
            (tx_id, plan_id, "cap_override") for tx_id, plan_id in shop.plans.items()
        ],
        f"{world.schema}.sku_catalog ({catalog})": offers,
    }
    copy_rows(rows, connection)
