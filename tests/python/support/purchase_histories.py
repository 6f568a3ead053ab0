"""Purchases and claims as Hypothesis strategies, dense where rules and caps have their edges."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import psycopg
from hypothesis import strategies as st

from support.cap_rules import HOURS, CapRules, Caps, Ledger, calendar_start
from support.histories import MICROSECOND, copy_rows, user_id_of
from support.purchase_rules import PurchaseClaim, Status

MOST_USERS = 8
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
SKUS = ["weekly_and_monthly", "monthly", "weekly", "weekly_and_monthly", "monthly", "weekly"]
SKUS += ["not_at_all", "uncapped", "of_last_year"]
PAYMENTS = ["NON_RENEWING_PURCHASE", "NON_RENEWING_PURCHASE", "INITIAL_PURCHASE"]
REFUNDS = ["REFUND", "CANCELLATION"]
OTHERS = ["TEST", "EXPIRATION", None]

# What the store tells of a purchase: most are one payment, the others all that may go wrong.
TOLD = [("payment",)] * 6 + [
    ("payment", "payment"),
    ("payment", "refund"),
    ("payment", "refund", "again"),
    ("payment", "refund", "again", "other"),
    ("refund",),
    ("payment", "other"),
    ("other",),
    ("other",),
    ("payment", "stranger"),
    ("stranger",),
    ("payment", "nobody"),
    ("nobody",),
    ("payment", "other_sku"),
    *[("other_sku",)] * 3,
    ("timeless",),
    ("payment", "timeless"),
    ("refund", "timeless"),
]
AFTERWARDS = [timedelta(), MICROSECOND, timedelta(hours=2)]


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


@st.composite
def shops(draw: st.DrawFn, rules: CapRules, now: datetime, as_uuid: bool) -> Shop:
    """Draw the purchases and claims of a few users, and of nobody."""
    shop = Shop()
    users = [user_id_of(number, as_uuid) for number in range(draw(st.integers(1, MOST_USERS)))]
    for user_id in users:
        # Each user and each purchase is one draw, which a smaller shop can leave out.
        draw(_purchases_of(shop, user_id, users, rules, now))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        user_id, payment = draw(st.sampled_from(users)), draw(st.sampled_from(PAYMENTS))
        shop.statuses.append(Status(None, user_id, "weekly", payment, now - timedelta(days=3)))
    return shop


@st.composite
def _purchases_of(
    draw: st.DrawFn, shop: Shop, user_id: str, users: list[str], rules: CapRules, now: datetime
) -> None:
    """Add the purchases and claims of a user, often near the one before, or of the same SKU."""
    before = PurchaseClaim("", user_id, draw(st.sampled_from(SKUS)), draw(_moments(rules, now)))
    for number in range(draw(st.sampled_from([1, 3, 6, 9]))):
        before = draw(_purchase(shop, before, number, users, rules, now))
    if draw(st.sampled_from([False, False, True])):
        shop.claims += draw(_crowd(user_id, rules, now))


@st.composite
def _purchase(
    draw: st.DrawFn,
    shop: Shop,
    before: PurchaseClaim,
    number: int,
    users: list[str],
    rules: CapRules,
    now: datetime,
) -> PurchaseClaim:
    sku, moment = before.sku, before.claimed_at
    if number:
        is_near = draw(st.booleans())
        moment = moment + draw(_distances(rules)) if is_near else draw(_moments(rules, now))
        sku = draw(st.sampled_from([sku] * 25 + SKUS))
    # Of one moment the texts decide the order.
    tx_id = f"{draw(st.integers(0, 9))}-{before.user_id}-{number}"
    claim = PurchaseClaim(tx_id, before.user_id, sku, moment)
    happened = draw(st.sampled_from(["both"] * 4 + ["claim", "purchase", "purchase"]))
    if happened != "purchase":
        is_nobodys = draw(st.sampled_from([False] * 30 + [True]))
        shop.claims.append(replace(claim, user_id=None) if is_nobodys else claim)
        if plan := draw(st.sampled_from([None] * 4 + [1, 2])):
            shop.plans[tx_id] = plan
    if happened != "claim":
        shop.statuses += draw(_statuses(claim, users))
    return claim


@st.composite
def _crowd(draw: st.DrawFn, user_id: str, rules: CapRules, now: datetime) -> list[PurchaseClaim]:
    """Return claims of one moment, with one in a window before theirs and one soon after.

    The search for crowded windows counts back from the last: it once took another of the moment
    for the first of them, and overlooked that the last one is beyond the cap.
    """
    sku, moment = (
        draw(st.sampled_from(["weekly", "weekly_and_monthly"])),
        draw(_moments(rules, now)),
    )
    distances = [timedelta()] * draw(st.integers(2, 3))
    distances.append(-_hours(draw(st.sampled_from([169, 192, 400, 721]))))
    distances.append(draw(st.sampled_from([MICROSECOND, _hours(1), _hours(30)])))
    return [
        PurchaseClaim(f"{draw(st.integers(0, 9))}-{user_id}-crowd-{number}", user_id, sku, at)
        for number, at in enumerate(moment + distance for distance in distances)
    ]


@st.composite
def _statuses(draw: st.DrawFn, claim: PurchaseClaim, users: list[str]) -> list[Status]:
    """Return what the store tells of the purchase behind a claim."""
    paid = draw(st.sampled_from(PAYMENTS))
    payment = Status(claim.tx_id, claim.user_id, claim.sku, paid, claim.claimed_at)
    told = draw(st.sampled_from(TOLD))
    if told == ("payment",):
        return [payment]
    later = claim.claimed_at + draw(st.sampled_from(AFTERWARDS))
    latest = later + draw(st.sampled_from(AFTERWARDS))

    def status(kind: str) -> Status:
        if kind == "refund":
            return replace(payment, status=draw(st.sampled_from(REFUNDS)), purchased_at=later)
        if kind == "again":
            return replace(payment, status=draw(st.sampled_from(PAYMENTS)), purchased_at=latest)
        if kind == "other":
            return replace(payment, status=draw(st.sampled_from(OTHERS)), purchased_at=latest)
        if kind == "stranger":
            return replace(payment, user_id=draw(st.sampled_from(users)), purchased_at=later)
        if kind == "nobody":
            return replace(payment, user_id=None, purchased_at=later)
        if kind == "other_sku":
            return replace(payment, sku=draw(st.sampled_from([*SKUS, None])), purchased_at=later)
        if kind == "timeless":
            either = draw(st.sampled_from([payment.status, *REFUNDS]))
            return replace(payment, status=either, purchased_at=None)
        return payment

    history = [status(kind) for kind in told]
    return history[::-1] if draw(st.booleans()) else history


@cache
def _moments(rules: CapRules, now: datetime) -> st.SearchStrategy[datetime]:
    """Any moment of the last weeks, or one at the edge of a window or of what is settled."""
    # One integer of this size would mostly be small.
    somewhen = st.builds(
        lambda minutes, micros: now - timedelta(minutes=minutes, microseconds=micros),
        st.integers(0, 75 * 24 * 60),
        st.integers(0, 10**6),
    )
    zones = [rules.zone, rules.zone, rules.local_zone]
    starts = st.builds(
        calendar_start, somewhen, st.sampled_from(list(HOURS)), st.sampled_from(zones)
    )
    ages = list(map(_hours, (0, 1, 3, 3, *HOURS.values())))
    at_an_edge = st.builds(
        # In UTC, because Python's arithmetic in a zone is that of its clocks.
        lambda edge, step: edge.astimezone(UTC) + step * MICROSECOND,
        st.one_of(starts, starts, st.sampled_from([now - age for age in ages])),
        st.integers(-1, 1),
    )
    return st.one_of(somewhen, at_an_edge, at_an_edge, at_an_edge)


@cache
def _distances(rules: CapRules) -> st.SearchStrategy[timedelta]:
    """How far claims are apart at the edges of bursts and rolling windows."""
    gaps = [
        timedelta(),
        timedelta(minutes=rules.burst_gap_minutes),
        *map(_hours, (1, *HOURS.values())),
    ]
    steps = [timedelta(), MICROSECOND, -MICROSECOND]
    return st.sampled_from(
        [sign * gap + step for gap in gaps for sign in (1, -1) for step in steps]
    )


def _hours(number: int) -> timedelta:
    return timedelta(hours=number)


def make_shop(schema: str, connection: psycopg.Connection) -> None:
    """Let the service's tables hold what a shop may; add a catalogue and the guard's plans."""
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
    offers: list[tuple[object, ...]] = [
        (sku, "streakshield", 1, None, caps.week, caps.month, PRICES[sku])
        for sku, caps in CAPS.items()
    ]
    copy_rows({f"{schema}.sku_catalog": offers}, connection)


def store(shop: Shop, connection: psycopg.Connection[Any]) -> None:
    """Write everything into the service's tables and what the guard shows."""
    copy_rows(
        {
            "purchase_claims": [(c.tx_id, c.user_id, c.sku, c.claimed_at) for c in shop.claims],
            "audit_purchases": [
                (s.tx_id, s.user_id, s.sku, s.status, s.purchased_at) for s in shop.statuses
            ],
            "claim_ops.plans_of_claims": [
                (tx_id, plan_id, "cap_override") for tx_id, plan_id in shop.plans.items()
            ],
        },
        connection,
    )
