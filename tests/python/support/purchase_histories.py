"""Random purchases and claims, dense where the rules of purchases and caps have their edges."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg

from support.cap_rules import HOURS, CapRules, Caps, Ledger, calendar_start
from support.purchase_rules import PurchaseClaim, Status

MICROSECOND = timedelta(microseconds=1)
CAPS = {
    "weekly_and_monthly": Caps(1, 3),
    "weekly": Caps(2, None),
    "monthly": Caps(None, 1),
    "not_at_all": Caps(0, None),
    "uncapped": Caps(None, None),
}
PRICES: dict[str, Decimal | None] = {
    "weekly_and_monthly": Decimal("0.99"),
    "weekly": Decimal("1.99"),
    "monthly": Decimal("4.50"),
    "not_at_all": None,
    "uncapped": Decimal("0.00"),
}
# Caps are about those that are bought often.
SKUS = ["weekly_and_monthly", "weekly_and_monthly", "weekly", "weekly", "monthly"]
SKUS += ["not_at_all", "uncapped", "of_last_year"]
PAYMENTS = ["NON_RENEWING_PURCHASE", "NON_RENEWING_PURCHASE", "INITIAL_PURCHASE"]


@dataclass
class Shop:
    """What the service's tables hold, and what plans inserted."""

    statuses: list[Status] = field(default_factory=list)
    claims: list[PurchaseClaim] = field(default_factory=list)
    plans: dict[str, int] = field(default_factory=dict)

    def up_to(self, as_of: datetime | None) -> Shop:
        """Leave out what came later, and statuses whose time nobody knows."""
        if as_of is None:
            return self
        return Shop(
            [each for each in self.statuses if each.purchased_at and each.purchased_at <= as_of],
            [each for each in self.claims if each.claimed_at <= as_of],
            self.plans,
        )

    def ledger(self, rules: CapRules) -> Ledger:
        """Return what caps are judged by."""
        return Ledger(self.claims, CAPS, self.plans, rules)


def random_shop(seed: int, users: int, rules: CapRules, now: datetime, as_uuid: bool) -> Shop:
    """Return the purchases and claims of random users, and of nobody."""
    rng = random.Random(seed)
    shop = Shop()
    names = [
        str(uuid.UUID(int=rng.getrandbits(128))) if as_uuid else f"user-{number:05d}"
        for number in range(users)
    ]
    for name in names:
        _add_user(rng, shop, name, names, rules, now)
    for _ in range(users // 20):
        shop.statuses.append(
            Status(None, rng.choice(names), "weekly", rng.choice(PAYMENTS), now - timedelta(days=3))
        )
    return shop


def _add_user(
    rng: random.Random, shop: Shop, name: str, names: list[str], rules: CapRules, now: datetime
) -> None:
    moments = [_moment(rng, rules, now)]
    for _ in range(rng.choice([0, 1, 3, 6, 9])):
        moments.append(rng.choice([_moment(rng, rules, now), _near(rng, rules, moments[-1])]))
    sku = rng.choice(SKUS)
    for number, moment in enumerate(moments):
        tx_id = f"{rng.randrange(10)}-{name}-{number}"
        sku = sku if rng.random() < 0.7 else rng.choice(SKUS)
        if rng.random() < 0.85:
            user = None if rng.random() < 0.02 else name
            shop.claims.append(PurchaseClaim(tx_id, user, sku, moment))
            if rng.random() < 0.15:
                shop.plans[tx_id] = rng.randrange(1, 6)
        if rng.random() < 0.9:
            shop.statuses += _history(rng, tx_id, name, sku, moment, names)


def _history(
    rng: random.Random, tx_id: str, name: str, sku: str, moment: datetime, names: list[str]
) -> list[Status]:
    """Return a purchase's statuses: most are one payment, the others all that may go wrong."""
    payment = Status(tx_id, name, sku, rng.choice(PAYMENTS), moment)
    if rng.random() < 0.5:
        return [payment]
    later = moment + rng.choice([timedelta(), MICROSECOND, timedelta(hours=2)])
    latest = later + rng.choice([timedelta(), MICROSECOND, timedelta(hours=2)])
    refund = Status(tx_id, name, sku, rng.choice(["REFUND", "CANCELLATION"]), later)
    other = Status(tx_id, name, sku, rng.choice(["TEST", "EXPIRATION", None]), latest)
    again = Status(tx_id, name, sku, rng.choice(PAYMENTS), latest)
    stranger = Status(tx_id, rng.choice(names), sku, payment.status, later)
    nobody = Status(tx_id, None, sku, payment.status, later)
    other_sku = Status(tx_id, name, rng.choice([*SKUS, None]), payment.status, later)
    timeless = Status(tx_id, name, sku, rng.choice([payment.status, refund.status]), None)
    history = rng.choice(
        [
            [payment, payment],
            [payment, refund],
            [payment, refund, again],
            [payment, refund, again, other],
            [refund],
            [payment, other],
            [other],
            [payment, stranger],
            [stranger],
            [payment, nobody],
            [nobody],
            [payment, other_sku],
            [other_sku],
            [timeless],
            [payment, timeless],
            [refund, timeless],
        ]
    )
    return rng.sample(history, len(history))


def _moment(rng: random.Random, rules: CapRules, now: datetime) -> datetime:
    """Return a moment of the last weeks, often at the edge of a window or of what is settled."""
    somewhen = now - timedelta(seconds=rng.randrange(75 * 86400), microseconds=rng.randrange(10**6))
    window_type = rng.choice(list(HOURS))
    zone = rng.choice([rules.zone, rules.zone, rules.local_zone])
    edge = rng.choice(
        [
            calendar_start(somewhen, window_type, zone),
            calendar_start(somewhen, window_type, zone),
            now - timedelta(minutes=180),
            now,
            now - timedelta(hours=HOURS[window_type]),
        ]
    )
    # In UTC, because Python's arithmetic in a zone is that of its clocks.
    edge = edge.astimezone(UTC)
    return rng.choice([somewhen, edge - MICROSECOND, edge, edge + MICROSECOND])


def _near(rng: random.Random, rules: CapRules, moment: datetime) -> datetime:
    """Return a moment at the edge of what another one makes a burst or a rolling window."""
    distance = rng.choice(
        [
            timedelta(),
            timedelta(minutes=rules.burst_gap_minutes),
            timedelta(hours=168),
            timedelta(hours=720),
            timedelta(hours=1),
        ]
    )
    return moment + rng.choice([-1, 1]) * distance + rng.choice([-1, 0, 1]) * MICROSECOND


def store_shop(shop: Shop, schema: str, connection: psycopg.Connection) -> None:
    """Write everything into the service's tables, the catalogue and what the guard shows."""
    connection.execute(
        f"""
        alter table purchase_claims alter column user_id drop not null;
        alter table audit_purchases
            alter column tx_id drop not null, alter column user_id drop not null,
            alter column sku drop not null, alter column status drop not null,
            alter column purchased_at drop not null;
        create schema if not exists {schema};
        create table {schema}.sku_catalog (
            sku text, item text, quantity int, duration_hours int,
            weekly_cap int, monthly_cap int, unit_price numeric(10, 2)
        );
        create schema claim_ops;
        create table claim_ops.plans_of_claims (tx_id text, plan_id bigint, kind text);
        create view claim_ops.plan_claims as select * from claim_ops.plans_of_claims;
        """.encode()
    )
    rows: dict[str, list[tuple[object, ...]]] = {
        "purchase_claims": [(c.tx_id, c.user_id, c.sku, c.claimed_at) for c in shop.claims],
        "audit_purchases": [
            (s.tx_id, s.user_id, s.sku, s.status, s.purchased_at) for s in shop.statuses
        ],
        "claim_ops.plans_of_claims": [
            (tx_id, plan_id, "cap_override") for tx_id, plan_id in shop.plans.items()
        ],
        f"{schema}.sku_catalog": [
            (sku, "streakshield", 1, None, caps.week, caps.month, PRICES[sku])
            for sku, caps in CAPS.items()
        ],
    }
    for table, values in rows.items():
        with connection.cursor().copy(f"copy {table} from stdin".encode()) as copy:
            for row in values:
                copy.write_row(row)
