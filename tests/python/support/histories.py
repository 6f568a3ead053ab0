"""Random histories of users, dense where the rules of balances have their edges."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

import psycopg

from support.balance_rules import (
    Adjustment,
    Claim,
    Rules,
    Service,
    Sku,
    Wallet,
    balances,
)

# Several SKUs an item, quantities above 1 and unlike durations.
CATALOG = {
    "consumable_streakshield_1": Sku("streakshield", 1, None),
    "consumable_streakshield_5": Sku("streakshield", 5, None),
    "consumable_xp_booster_7d": Sku("xp_booster", 1, 168),
    "consumable_xp_booster_1d": Sku("xp_booster", 1, 24),
    "consumable_xp_booster_3x12h": Sku("xp_booster", 3, 12),
}
UNKNOWN_SKU = "consumable_of_last_year"
MICROSECOND = timedelta(microseconds=1)


def random_service(seed: int, users: int, rules: Rules, now: datetime, as_uuid: bool) -> Service:
    """Return the tables of random users, with wallets right and wrong in all ways."""
    rng = random.Random(seed)
    service = Service(CATALOG)
    for number in range(users):
        user_id = str(uuid.UUID(int=rng.getrandbits(128))) if as_uuid else f"user-{number:05d}"
        _add_ledger(rng, service, user_id, rules, now)
    right = {(each.user_id, each.item): each for each in balances(service, rules, now)}
    known = {user_id for user_id, _ in right}
    strangers = {f"{uuid.UUID(int=rng.getrandbits(128))}" for _ in range(users // 10)}
    for user_id in sorted(known) + sorted(strangers):
        if rng.random() < 0.15:
            continue
        shields = right[user_id, "streakshield"].expected_quantity if user_id in known else 0
        until = right[user_id, "xp_booster"].expected_expires_at if user_id in known else None
        service.wallets.append(
            Wallet(
                user_id,
                rng.choice([shields, shields, shields, (shields or 0) + 1, rng.randrange(4), None]),
                _wallet_expiry(rng, until, rules, now),
                rng.choice([_moment(rng, rules, now), _moment(rng, rules, now), None]),
            )
        )
    return service


def _add_ledger(
    rng: random.Random, service: Service, user_id: str, rules: Rules, now: datetime
) -> None:
    claimed_at = _moment(rng, rules, now)
    for _ in range(rng.choice([0, 1, 1, 2, 3, 6])):
        # One in five has the time of the claim before.
        claimed_at = claimed_at if rng.random() < 0.2 else _moment(rng, rules, now)
        sku = rng.choice([*CATALOG, UNKNOWN_SKU])
        service.claims.append(Claim(user_id, sku, claimed_at))
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        service.adjustments.append(
            Adjustment(
                user_id,
                rng.choice(["streakshield", "streakshield", "an_item_of_last_year"]),
                rng.choice([-6, -1, 1, 2]),
                _moment(rng, rules, now),
            )
        )
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        hours = rng.choice([-30, 12, 24, 72])
        adjusted_at = rng.choice([claimed_at, _moment(rng, rules, now)])
        service.adjustments.append(Adjustment(user_id, "xp_booster", hours, adjusted_at))


def _moment(rng: random.Random, rules: Rules, now: datetime) -> datetime:
    """Return any moment of the last weeks, or one at an edge: now, settled, a booster's end."""
    edge = rng.choice(
        [
            now,
            now - timedelta(minutes=rules.settle_minutes),
            now - timedelta(hours=168),
            now - timedelta(hours=24),
            now + timedelta(hours=rng.randrange(48)),
        ]
    )
    somewhen = now - timedelta(seconds=rng.randrange(15 * 86400), microseconds=rng.randrange(10**6))
    return rng.choice([somewhen, somewhen, somewhen, edge - MICROSECOND, edge, edge + MICROSECOND])


def _wallet_expiry(
    rng: random.Random, until: datetime | None, rules: Rules, now: datetime
) -> datetime | None:
    if until is None:
        return rng.choice([None, None, now - timedelta(days=1), now + timedelta(days=1)])
    tolerance = timedelta(seconds=rules.tolerance_seconds)
    within = [until, until + tolerance, until - tolerance]
    beyond = [until + tolerance + MICROSECOND, until - tolerance - MICROSECOND]
    far = [until + timedelta(hours=1), until - timedelta(hours=1), until - timedelta(days=7), None]
    return rng.choice([*within, *beyond, *far])


def store(service: Service, connection: psycopg.Connection) -> None:
    """Write the histories into the claim service's tables."""
    rows: dict[str, list[tuple[object, ...]]] = {
        "purchase_claims (tx_id, user_id, sku, claimed_at)": [
            (f"tx-{number}", claim.user_id, claim.sku, claim.claimed_at)
            for number, claim in enumerate(service.claims)
        ],
        "wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)": [
            (str(number), entry.user_id, entry.item, entry.quantity, entry.adjusted_at)
            for number, entry in enumerate(service.adjustments)
        ],
        "user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)": [
            (wallet.user_id, wallet.streakshield_count, wallet.xp_booster_until, wallet.updated_at)
            for wallet in service.wallets
        ],
    }
    for table, values in rows.items():
        with connection.cursor().copy(f"copy {table} from stdin".encode()) as copy:
            for row in values:
                copy.write_row(row)


def store_catalog(catalog: dict[str, Sku], schema: str, connection: psycopg.Connection) -> None:
    """Put a table in the place of the seed sku_catalog, for builds without seeds."""
    connection.execute(
        f"""
        create schema if not exists {schema};
        create table {schema}.sku_catalog (
            sku text, item text, quantity int, duration_hours int,
            weekly_cap int, monthly_cap int, unit_price numeric
        );
        """.encode()
    )
    for sku, entry in catalog.items():
        connection.execute(
            f"insert into {schema}.sku_catalog values (%s, %s, %s, %s)".encode(),
            (sku, entry.item, entry.quantity, entry.duration_hours),
        )
