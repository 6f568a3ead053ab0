"""Histories of users as Hypothesis strategies, dense where the rules of balances have edges."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import psycopg
from hypothesis import strategies as st

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
MOST_USERS = 8


@st.composite
def services(draw: st.DrawFn, rules: Rules, now: datetime, as_uuid: bool) -> Service:
    """Draw the tables of a few users, with wallets right and wrong in all ways."""
    service = Service(CATALOG)
    users = [user_id_of(number, as_uuid) for number in range(draw(st.integers(1, MOST_USERS)))]
    # Some are at rest: else hardly a running booster is settled, where settling takes days.
    anywhen, at_rest = _moments(rules, now), _moments_at_rest(rules, now)
    moments = {user_id: draw(st.sampled_from([*[anywhen] * 3, at_rest])) for user_id in users}
    for user_id in users:
        _draw_ledger(draw, service, user_id, moments[user_id])
    right = {(each.user_id, each.item): each for each in balances(service, rules, now)}
    for user_id in users:
        # A user without claims has a wallet or is not there.
        is_known = (user_id, "streakshield") in right
        if draw(st.sampled_from([False, False, False, True])):
            continue
        shields = right[user_id, "streakshield"].expected_quantity if is_known else 0
        until = right[user_id, "xp_booster"].expected_expires_at if is_known else None
        service.wallets.append(
            Wallet(
                user_id,
                draw(
                    st.one_of(
                        st.just(shields),
                        st.sampled_from([*[(shields or 0) + 1] * 2, (shields or 0) - 1, None]),
                    )
                ),
                draw(_wallet_expiries(until, rules, now)),
                draw(st.one_of(moments[user_id], moments[user_id], st.none())),
            )
        )
    return service


def user_id_of(number: int, as_uuid: bool) -> str:
    """Return the id of the user of that number."""
    return str(uuid.UUID(int=number)) if as_uuid else f"user-{number}"


def _draw_ledger(
    draw: st.DrawFn, service: Service, user_id: str, moments: st.SearchStrategy[datetime]
) -> None:
    claimed_at = draw(moments)
    for _ in range(draw(st.integers(0, 4))):
        # Often at the time of the claim before.
        claimed_at = draw(st.one_of(st.just(claimed_at), moments, moments))
        service.claims.append(
            Claim(user_id, draw(st.sampled_from([*CATALOG, UNKNOWN_SKU])), claimed_at)
        )
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        item = draw(st.sampled_from(["streakshield", "xp_booster", "an_item_of_last_year"]))
        quantities = [-30, 12, 24, 72] if item == "xp_booster" else [-6, -1, 1, 2]
        service.adjustments.append(
            Adjustment(
                user_id,
                item,
                draw(st.sampled_from(quantities)),
                draw(st.one_of(st.just(claimed_at), moments)),
            )
        )


def _moments(rules: Rules, now: datetime) -> st.SearchStrategy[datetime]:
    """Any moment of the last weeks, or one at an edge: now, settled, a booster's end."""
    edges = [
        now,
        now - timedelta(minutes=rules.settle_minutes),
        now - timedelta(hours=168),
        now - timedelta(hours=24),
        now + timedelta(hours=1),
        now + timedelta(hours=47),
    ]
    at_an_edge = st.builds(
        lambda edge, step: edge + step * MICROSECOND, st.sampled_from(edges), st.integers(-1, 1)
    )
    # One integer of this size would mostly be small.
    somewhen = st.builds(
        lambda minutes, micros: now - timedelta(minutes=minutes, microseconds=micros),
        st.integers(0, 15 * 24 * 60),
        st.integers(0, 10**6),
    )
    return st.one_of(somewhen, somewhen, at_an_edge)


def _moments_at_rest(rules: Rules, now: datetime) -> st.SearchStrategy[datetime]:
    """A moment of the days before what is settled."""
    settled = now - timedelta(minutes=rules.settle_minutes)
    return st.integers(0, 5 * 24).map(lambda hours: settled - timedelta(hours=hours))


def _wallet_expiries(
    until: datetime | None, rules: Rules, now: datetime
) -> st.SearchStrategy[datetime | None]:
    if until is None:
        return st.sampled_from([None, None, now - timedelta(days=1), now + timedelta(days=1)])
    tolerance = timedelta(seconds=rules.tolerance_seconds)
    within = [until, until + tolerance, until - tolerance]
    beyond = [until + tolerance + MICROSECOND, until - tolerance - MICROSECOND]
    far = [until + timedelta(hours=1), until - timedelta(hours=1), until - timedelta(days=7), None]
    return st.sampled_from([*within, *beyond, *far])


def store(service: Service, connection: psycopg.Connection[Any]) -> None:
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
    copy_rows(rows, connection)


def copy_rows(
    rows: Mapping[str, Iterable[tuple[object, ...]]], connection: psycopg.Connection[Any]
) -> None:
    """Write rows into tables, each named with its columns where it has others too."""
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
