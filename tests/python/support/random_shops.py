"""Random shops, each with SKUs and users of its own, so that many of them fill one database."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg

from support.shop_oracle import Acceptance, Adjustment, Claim, Event, Offer, Shop, Status, Wallet

USERS = 5
HOUR = timedelta(hours=1)
TABLES = """
    alter table purchase_claims add column units int, add column deleted_at timestamptz;
    alter table audit_purchases
        add column units smallint, add column environment text default 'PRODUCTION';
    alter table queued_purchases add column units int;
    create table users (user_id text primary key, deleted_at timestamptz);
    create table accepted_discrepancies (
        user_id text, item text, reason text, accepted_by text, accepted_until timestamptz
    );
    create schema {schema};
    create table {schema}.sku_catalog (
        sku text, item text, quantity int, duration_hours int, weekly_cap int, monthly_cap int,
        unit_price numeric(10, 2), valid_from timestamptz, valid_to timestamptz
    )
"""


def random_shops(seed: int, shops: int, stacking: str, negative: str, now: datetime) -> Shop:
    """Return so many shops as one."""
    rng = random.Random(seed)
    all_of_them = Shop(stacking, negative)
    for number in range(shops):
        _add_shop(rng, all_of_them, f"s{number:03d}", now)
    return all_of_them


def _add_shop(rng: random.Random, shop: Shop, name: str, now: datetime) -> None:
    skus = [f"{name}_{kind}" for kind in ("shield", "pack", "day", "week", "of_last_year")]
    turns = sorted(rng.sample(range(12, 900), 4), reverse=True)
    edges = [now - turn * HOUR for turn in turns]
    for sku in skus[:4]:
        _add_offers(rng, shop, sku, edges)
    for number in range(USERS):
        user_id = f"{name}-{number}"
        _add_user(rng, shop, user_id, skus, edges, now)
        _add_queue(rng, shop, user_id, skus, edges, now)
        _add_acceptances(rng, shop, user_id, now)


def _add_offers(rng: random.Random, shop: Shop, sku: str, edges: list[datetime]) -> None:
    """Add a SKU's rows: one for ever, several in a row, or with a time that none covers."""
    is_booster = sku.endswith(("day", "week"))
    bounds: list[tuple[datetime | None, datetime | None]] = rng.choice(
        [
            [(None, None)],
            [(None, edges[1]), (edges[1], None)],
            [(None, edges[0]), (edges[0], edges[2]), (edges[2], None)],
            [(edges[0], edges[2]), (edges[3], None)],
        ]
    )
    for begins, ends in bounds:
        shop.offers.append(
            Offer(
                sku,
                "xp_booster" if is_booster else "streakshield",
                rng.choice([1, 1, 2, 5]),
                rng.choice([24, 48, 168]) if is_booster else None,
                rng.choice([None, None, 1, 3]),
                Decimal(rng.choice(["0.99", "1.49", "9.99"])),
                begins,
                ends,
            )
        )


def _moment(rng: random.Random, edges: list[datetime], now: datetime) -> datetime:
    """Return a moment that is not near to when something ends or settles, or is an edge."""
    if rng.random() < 0.1:
        return rng.choice(edges)
    if rng.random() < 0.04:
        return now - HOUR / 2
    hours = rng.choice([rng.randrange(6, 200), rng.randrange(6, 1000)])
    return now - hours * HOUR - HOUR / 2


def _add_user(
    rng: random.Random,
    shop: Shop,
    user_id: str,
    skus: list[str],
    edges: list[datetime],
    now: datetime,
) -> None:
    fate = rng.random()
    if fate < 0.85:
        shop.accounts.add(user_id)
    elif fate < 0.93:
        shop.deleted_accounts.add(user_id)
    for number in range(rng.choice([0, 1, 2, 3, 5])):
        _add_purchase(rng, shop, f"{user_id}-{number}", user_id, skus, edges, now)
    if rng.random() < 0.3:
        _add_burst(rng, shop, user_id, rng.choice(skus), _moment(rng, edges, now))
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        item = rng.choice(["streakshield", "xp_booster", "hint_pack"])
        quantity = rng.choice([-30, 12, 24, 72] if item == "xp_booster" else [-6, -2, -1, 1, 3])
        shop.adjustments.append(Adjustment(user_id, item, quantity, _moment(rng, edges, now)))
    if rng.random() < 0.85:
        shop.wallets[user_id] = _wallet(rng, shop, user_id, edges, now)


def _add_purchase(
    rng: random.Random,
    shop: Shop,
    tx_id: str,
    user_id: str,
    skus: list[str],
    edges: list[datetime],
    now: datetime,
) -> None:
    """Add a purchase, its claim, or both, with all that may be told of it."""
    sku, at = rng.choice([*skus, *skus[:4]]), _moment(rng, edges, now)
    units = rng.choice([None, None, 1, 2, 3])
    paid = Status(tx_id, user_id, sku, "NON_RENEWING_PURCHASE", at, units)
    if rng.random() < 0.75:
        other = rng.choice([units, units, units, 2])
        shop.claims.append(Claim(tx_id, user_id, sku, at, other, rng.random() < 0.12))
    later = at + HOUR / 6
    rows = rng.choice(
        [
            *[[paid]] * 6,
            [],
            [paid, Status(tx_id, user_id, sku, "REFUND", later)],
            [paid, Status(tx_id, user_id, sku, "CANCELLATION", at - HOUR)],
            [Status(tx_id, user_id, sku, "TEST", at, units)],
            [paid, Status(tx_id, f"{user_id}-friend", sku, "INITIAL_PURCHASE", later, units)],
            [paid, Status(tx_id, user_id, sku, "INITIAL_PURCHASE", later, 3)],
            [Status(tx_id, user_id, sku, "INITIAL_PURCHASE", at, 0)],
            [Status(tx_id, user_id, sku, "INITIAL_PURCHASE", at, units, is_sandbox=True)],
        ]
    )
    shop.statuses += rows


def _add_queue(
    rng: random.Random,
    shop: Shop,
    user_id: str,
    skus: list[str],
    edges: list[datetime],
    now: datetime,
) -> None:
    """Queue some of a user's purchases, told rightly or not, and some the trail never saw."""
    known = {row.tx_id: row for row in shop.statuses if row.user_id == user_id}
    queued = [(row.tx_id, row.sku, row.at, row.units) for row in known.values()]
    for number in range(rng.choice([0, 0, 1, 2])):
        sku, at = rng.choice(skus), _moment(rng, edges, now)
        queued.append((f"{user_id}-q{number}", sku, at, rng.choice([None, 1, 2])))
    for tx_id, sku, at, units in queued:
        if tx_id in known and rng.random() < 0.5:
            continue
        same = Event(len(shop.queue) + 1, tx_id, user_id, sku, at + HOUR / 12, units)
        told_otherwise = [
            replace(same, sku=rng.choice(skus)),
            replace(same, units=rng.choice([0, 2])),
            replace(same, user_id=f"{user_id}-friend"),
        ]
        same = rng.choice([*[same] * 6, *told_otherwise])
        shop.queue.append(same)
        other = replace(same, queue_id=same.queue_id + 1, at=at + rng.choice([0, 1]) * HOUR / 12)
        shop.queue += rng.choice(
            [
                *[[]] * 8,
                [other],
                [replace(other, units=3)],
                [replace(other, sku=rng.choice(skus))],
                [replace(other, user_id=f"{user_id}-friend")],
            ]
        )


def _add_acceptances(rng: random.Random, shop: Shop, user_id: str, now: datetime) -> None:
    """Let somebody answer for a balance: still, no longer, or without a name or a reason."""
    if rng.random() < 0.3:
        item, days = rng.choice(["streakshield", "xp_booster"]), rng.choice([1, 1, -1])
        by, why = rng.choice([("mira", "tester"), ("mira", "tester"), ("", "tester"), ("mira", "")])
        shop.acceptances.append(Acceptance(user_id, item, why, by, now + days * 24 * HOUR))


def _add_burst(rng: random.Random, shop: Shop, user_id: str, sku: str, begins: datetime) -> None:
    """Add purchases without claims, hour by hour: of one over a cap the next one may be within."""
    for number in range(4):
        tx_id, at = f"{user_id}-b{number}", begins - number * HOUR
        units = rng.choice([1, 1, 2, 3])
        shop.statuses.append(Status(tx_id, user_id, sku, "INITIAL_PURCHASE", at, units))


def _wallet(
    rng: random.Random, shop: Shop, user_id: str, edges: list[datetime], now: datetime
) -> Wallet:
    shields = shop.expected(user_id, "streakshield")
    until = shop.expected(user_id, "xp_booster")
    return Wallet(
        user_id,
        rng.choice([shields, shields, shields, shields + 1, shields - 1, 0, None]),
        rng.choice([until, until, until, until and until + HOUR, None, now + 50 * HOUR]),
        _moment(rng, edges, now),
    )


def store_shops(shop: Shop, schema: str, connection: psycopg.Connection) -> None:
    """Write the shops into the service's tables and the catalogue."""
    connection.execute(TABLES.format(schema=schema).encode())
    long_ago = min((claim.claimed_at for claim in shop.claims), default=None)
    rows: dict[str, list[tuple[object, ...]]] = {
        "purchase_claims (tx_id, user_id, sku, claimed_at, units, deleted_at)": [
            (c.tx_id, c.user_id, c.sku, c.claimed_at, c.units, long_ago if c.is_deleted else None)
            for c in shop.claims
        ],
        "audit_purchases (tx_id, user_id, sku, status, purchased_at, units, environment)": [
            (s.tx_id, s.user_id, s.sku, s.status, s.at, s.units, _environment(s))
            for s in shop.statuses
        ],
        "wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)": [
            (str(number), entry.user_id, entry.item, entry.quantity, entry.at)
            for number, entry in enumerate(shop.adjustments)
        ],
        "user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)": [
            (w.user_id, w.streakshield, w.xp_booster, w.updated_at) for w in shop.wallets.values()
        ],
        "users (user_id, deleted_at)": [
            *((user_id, None) for user_id in shop.accounts),
            *((user_id, long_ago) for user_id in shop.deleted_accounts),
        ],
        "queued_purchases (queue_id, tx_id, user_id, sku, received_at, units)": [
            (e.queue_id, e.tx_id, e.user_id, e.sku, e.at, e.units) for e in shop.queue
        ],
        "accepted_discrepancies": [
            (a.user_id, a.item, a.reason, a.accepted_by, a.until) for a in shop.acceptances
        ],
        f"{schema}.sku_catalog": [
            (o.sku, o.item, o.quantity, o.hours, o.weekly_cap, None, o.price, o.begins, o.ends)
            for o in shop.offers
        ],
    }
    for table, values in rows.items():
        with connection.cursor().copy(f"copy {table} from stdin".encode()) as copy:
            for row in values:
                copy.write_row(row)


def _environment(status: Status) -> str:
    return "SANDBOX" if status.is_sandbox else "PRODUCTION"
