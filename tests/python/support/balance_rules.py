"""The rules of balances in plain Python, from their wording: what the models must say.

It shares nothing with the models: no SQL, and a booster that adds up is followed claim by claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
Rows = dict[tuple[str, ...], Row]

KINDS = {"streakshield": "quantity", "xp_booster": "expiry"}


@dataclass(frozen=True)
class Sku:
    item: str
    quantity: int
    duration_hours: int | None


@dataclass(frozen=True)
class Claim:
    user_id: str
    sku: str
    claimed_at: datetime


@dataclass(frozen=True)
class Adjustment:
    user_id: str
    item: str
    quantity: int
    adjusted_at: datetime


@dataclass(frozen=True)
class Wallet:
    user_id: str
    streakshield_count: int | None
    xp_booster_until: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class Rules:
    """The settings that decide what a balance is."""

    policy: str = "max"
    tolerance_seconds: int = 60
    settle_minutes: int = 180
    has_adjustments: bool = False
    as_of: datetime | None = None


@dataclass
class Service:
    """All that the claim service's tables hold."""

    catalog: dict[str, Sku]
    claims: list[Claim] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    wallets: list[Wallet] = field(default_factory=list)


@dataclass(frozen=True)
class Balance:
    """One user and item, wallet against claims."""

    user_id: str
    item: str
    has_wallet: bool
    claim_times: list[datetime]
    quantity_claimed: int
    wallet_quantity: int | None
    expected_quantity: int | None
    wallet_expires_at: datetime | None
    expected_expires_at: datetime | None
    wallet_updated_at: datetime | None
    last_activity_at: datetime | None
    is_settled: bool
    now: datetime
    tolerance: timedelta

    @property
    def last_claimed_at(self) -> datetime | None:
        return max(self.claim_times, default=None)

    @property
    def held(self) -> int:
        """What the wallet holds: a number of pieces, or 1 while an expiry lies ahead."""
        if KINDS[self.item] == "quantity":
            return self.wallet_quantity or 0
        return int(self.wallet_expires_at is not None and self.wallet_expires_at > self.now)

    @property
    def discrepancy_type(self) -> str | None:
        if KINDS[self.item] == "quantity":
            return self._quantity_discrepancy()
        return self._expiry_discrepancy()

    def _quantity_discrepancy(self) -> str | None:
        expected = self.expected_quantity or 0
        if not self.has_wallet:
            return "missing_wallet" if expected else None
        if self.wallet_quantity is None or self.wallet_quantity < expected:
            return "short"
        return "excess" if self.wallet_quantity > expected else None

    def _expiry_discrepancy(self) -> str | None:
        wallet, expected = self.wallet_expires_at, self.expected_expires_at
        if not any(time is not None and time > self.now for time in (wallet, expected)):
            return None
        if not self.has_wallet:
            return "missing_wallet"
        if wallet is None:
            return "short"
        if expected is None:
            return "excess"
        if abs(wallet - expected) <= self.tolerance:
            return None
        return "short" if wallet < expected else "excess"


def booster_end(policy: str, bought: Iterable[tuple[datetime, timedelta]]) -> datetime | None:
    """Return when the booster ends, following claims and gifts in the order of their time.

    Of one moment, what is given comes before what is taken.
    """
    end: datetime | None = None
    for begins_at, duration in sorted(bought, key=lambda each: (each[0], -each[1])):
        if end is None:
            end = begins_at + duration
        elif policy == "extend":
            end = max(end, begins_at) + duration
        else:
            end = max(end, begins_at + duration)
    return end


def balances(service: Service, rules: Rules, now: datetime) -> list[Balance]:
    """Return every user who is known with every item."""
    claims: dict[str, list[Claim]] = {}
    for claim in service.claims:
        if rules.as_of is None or claim.claimed_at <= rules.as_of:
            claims.setdefault(claim.user_id, []).append(claim)
    adjustments: dict[str, list[Adjustment]] = {}
    for adjustment in service.adjustments if rules.has_adjustments else []:
        if rules.as_of is None or adjustment.adjusted_at <= rules.as_of:
            adjustments.setdefault(adjustment.user_id, []).append(adjustment)
    wallets = {wallet.user_id: wallet for wallet in service.wallets}
    return [
        _balance(
            service, rules, now, user_id, item,
            claims.get(user_id, []), adjustments.get(user_id, []), wallets.get(user_id),
        )
        for user_id in {*claims, *adjustments, *wallets}
        for item in KINDS
    ]  # fmt: skip


def _balance(
    service: Service,
    rules: Rules,
    now: datetime,
    user_id: str,
    item: str,
    claims: list[Claim],
    adjustments: list[Adjustment],
    wallet: Wallet | None,
) -> Balance:
    activities = [claim.claimed_at for claim in claims]
    activities += [adjustment.adjusted_at for adjustment in adjustments]
    activities += [wallet.updated_at] if wallet and wallet.updated_at else []
    last_activity_at = max(activities, default=None)
    settled_before = now - timedelta(minutes=rules.settle_minutes)

    bought = [
        (claim.claimed_at, service.catalog[claim.sku])
        for claim in claims
        if claim.sku in service.catalog and service.catalog[claim.sku].item == item
    ]
    claimed = sum(sku.quantity for _, sku in bought)
    adjusted = sum(entry.quantity for entry in adjustments if entry.item == item)
    is_quantity = KINDS[item] == "quantity"
    durations = [
        (claimed_at, timedelta(hours=sku.quantity * (sku.duration_hours or 0)))
        for claimed_at, sku in bought
    ]
    durations += [
        (entry.adjusted_at, timedelta(hours=entry.quantity))
        for entry in adjustments
        if entry.item == item
    ]
    return Balance(
        user_id=user_id,
        item=item,
        has_wallet=wallet is not None,
        claim_times=[claimed_at for claimed_at, _ in bought],
        quantity_claimed=claimed,
        wallet_quantity=wallet.streakshield_count if wallet and is_quantity else None,
        expected_quantity=claimed + adjusted if is_quantity else None,
        wallet_expires_at=wallet.xp_booster_until if wallet and not is_quantity else None,
        expected_expires_at=None if is_quantity else booster_end(rules.policy, durations),
        wallet_updated_at=wallet.updated_at if wallet else None,
        last_activity_at=last_activity_at,
        is_settled=last_activity_at is None or last_activity_at <= settled_before,
        now=now,
        tolerance=timedelta(seconds=rules.tolerance_seconds),
    )


def claim_totals(known: list[Balance]) -> Rows:
    """Return what fct_claim_totals must hold."""
    return {
        (each.user_id, each.item): {
            "user_id": each.user_id,
            "item": each.item,
            "claims": len(each.claim_times),
            "quantity_claimed": each.quantity_claimed,
            "first_claimed_at": min(each.claim_times),
            "last_claimed_at": each.last_claimed_at,
        }
        for each in known
        if each.claim_times
    }


def expected_wallet_balances(known: list[Balance]) -> Rows:
    """Return what fct_expected_wallet_balances must hold."""
    return {
        (each.user_id, each.item): {
            "user_id": each.user_id,
            "item": each.item,
            "expected_quantity": each.expected_quantity,
            "expected_expires_at": each.expected_expires_at,
            "last_claimed_at": each.last_claimed_at,
            "last_activity_at": each.last_activity_at,
            "is_settled": each.is_settled,
            "built_at": each.now,
        }
        for each in known
    }


def wallet_discrepancies(known: list[Balance]) -> Rows:
    """Return what fct_wallet_discrepancies must hold."""
    return {
        (each.user_id, each.item): {
            **expected_wallet_balances([each])[each.user_id, each.item],
            "discrepancy_type": each.discrepancy_type,
            "wallet_quantity": each.wallet_quantity,
            "quantity_discrepancy": None
            if each.wallet_quantity is None or each.expected_quantity is None
            else each.wallet_quantity - each.expected_quantity,
            "wallet_expires_at": each.wallet_expires_at,
            "expiry_discrepancy_seconds": None
            if each.wallet_expires_at is None or each.expected_expires_at is None
            else (each.wallet_expires_at - each.expected_expires_at).total_seconds(),
            "wallet_updated_at": each.wallet_updated_at,
            # None of these shops accepts any.
            **{"is_accepted": False, "accepted_because": None, "accepted_until": None},
            "excused_because": None,
        }
        for each in known
        if each.discrepancy_type
    }


def wallet_balance_health(known: list[Balance], now: datetime) -> Rows:
    """Return what rpt_wallet_balance_health must hold: a row for each item, also for no user."""
    return {
        (item,): _health([each for each in known if each.item == item], item, now) for item in KINDS
    }


def _health(known: list[Balance], item: str, now: datetime) -> Row:
    found = [each.discrepancy_type for each in known]
    settled = [each for each in known if each.is_settled]
    right = [each for each in settled if each.discrepancy_type is None]
    return {
        "item": item,
        "total_balance": sum(each.held for each in known),
        "users_with_balance": sum(each.held > 0 for each in known),
        "users_ever": sum(
            bool(each.claim_times) or each.held > 0 or each.wallet_expires_at is not None
            for each in known
        ),
        "wallets": sum(each.has_wallet for each in known),
        "short": found.count("short"),
        "excess": found.count("excess"),
        "missing_wallets": found.count("missing_wallet"),
        "unsettled": sum(bool(each.discrepancy_type) and not each.is_settled for each in known),
        "settled_balances": len(settled),
        "settled_accurate_balances": len(right),
        "accuracy": len(right) / len(settled) if settled else None,
        "accepted": 0,
        "accounts_gone": 0,
        "built_at": now,
    }
