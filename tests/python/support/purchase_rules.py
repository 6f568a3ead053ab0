"""The rules of purchases in plain Python, from their wording: what the models must say.

It shares nothing with the models: each purchase is followed status by status, none is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from support.balance_rules import Row, Rows

PAYMENTS = {"INITIAL_PURCHASE", "NON_RENEWING_PURCHASE"}
REFUNDS = {"CANCELLATION", "REFUND"}


@dataclass(frozen=True)
class Status:
    """What the store reported of a purchase."""

    tx_id: str | None
    user_id: str | None
    sku: str | None
    status: str | None
    purchased_at: datetime | None


@dataclass(frozen=True)
class PurchaseClaim:
    """A claim with its transaction."""

    tx_id: str
    user_id: str | None
    sku: str
    claimed_at: datetime


@dataclass(frozen=True)
class Purchase:
    """A purchase as its statuses tell it, one after the other."""

    statuses: list[Status]

    @property
    def latest(self) -> Status:
        return self._in_order()[-1]

    @property
    def fate(self) -> str:
        """Paid, refunded or neither: what the last payment or refund made of it."""
        fates = [fate for status in self._in_order() if (fate := _fate(status))]
        # A time that nobody knows is no time to be paid again after a refund.
        if {"paid", "refunded"} <= set(fates) and any(
            status.purchased_at is None and _fate(status) for status in self.statuses
        ):
            return self._fate_of_unknown_times()
        return fates[-1] if fates else "neither"

    def _fate_of_unknown_times(self) -> str:
        times = {
            fate: [s.purchased_at for s in self.statuses if _fate(s) == fate and s.purchased_at]
            for fate in ("paid", "refunded")
        }
        is_paid_again = times["paid"] and times["refunded"]
        if is_paid_again and max(times["paid"]) > max(times["refunded"]):
            return "paid"
        return "refunded"

    @property
    def purchased_at(self) -> datetime | None:
        paid = [status for status in self.statuses if status.status in PAYMENTS]
        times = [status.purchased_at for status in paid or self.statuses]
        return max((time for time in times if time), default=None)

    @property
    def is_paid_for(self) -> bool:
        return any(status.status in PAYMENTS for status in self.statuses)

    @property
    def conflict(self) -> str | None:
        if len({status.user_id for status in self.statuses}) > 1:
            return "conflicting_users"
        if self.latest.user_id is None:
            return "no_user"
        if len({status.sku for status in self.statuses}) > 1:
            return "conflicting_skus"
        return None

    def _in_order(self) -> list[Status]:
        """Return the statuses in the order of time, of one moment a refund last."""
        return sorted(self.statuses, key=_place)


def _fate(status: Status) -> str | None:
    if status.status in PAYMENTS:
        return "paid"
    return "refunded" if status.status in REFUNDS else None


def _place(status: Status) -> tuple[object, ...]:
    """Unknown times first; among equals the smallest text last, one that is unknown before it."""
    time = status.purchased_at
    texts = (status.status, status.sku, status.user_id)
    return (
        time is not None,
        time.timestamp() if time else 0.0,
        time.microsecond if time else 0,
        {"refunded": 2, "paid": 1, None: 0}[_fate(status)],
        *((*(-ord(letter) for letter in text), 0) if text else (-1114112,) for text in texts),
    )


def purchase_discrepancies(
    statuses: list[Status],
    claims: list[PurchaseClaim],
    prices: dict[str, Decimal | None],
    settle_minutes: int,
    now: datetime,
) -> Rows:
    """Return what fct_purchase_discrepancies must hold; `prices` is the catalogue."""
    by_tx_id = sorted(statuses, key=lambda status: status.tx_id or "")
    groups = groupby(by_tx_id, key=lambda status: status.tx_id)
    purchases = {tx_id: Purchase(list(group)) for tx_id, group in groups}
    claimed = {claim.tx_id: claim for claim in claims}
    found: Rows = {}
    for tx_id in {*purchases, *claimed}:
        purchase = purchases.get(tx_id)
        claim = claimed.get(tx_id) if tx_id else None
        times = [
            *([claim.claimed_at] if claim else []),
            *([purchase.purchased_at] if purchase and purchase.purchased_at else []),
        ]
        is_settled = max(times, default=now - timedelta(days=999)) <= now - timedelta(
            minutes=settle_minutes
        )
        for kind, reason in _found(purchase, claim, prices, is_settled):
            sku = claim.sku if claim else purchase.latest.sku if purchase else None
            found[str(tx_id), kind] = {
                "tx_id": tx_id,
                "discrepancy_type": kind,
                "user_id": _user_of(purchase, claim),
                "sku": sku,
                "status": purchase.latest.status if purchase else None,
                "purchased_at": purchase.purchased_at if purchase else None,
                "claimed_at": claim.claimed_at if claim else None,
                "purchase_user_id": purchase.latest.user_id if purchase else None,
                "purchase_sku": purchase.latest.sku if purchase else None,
                "audit_rows": len(purchase.statuses) if purchase else None,
                "is_recoverable": reason is None,
                "reason": reason,
                "unit_price": prices.get(sku) if sku else None,
                "is_settled": is_settled,
                "built_at": now,
                # None of these shops counts units.
                "units": 1,
                "is_account_gone": False,
                "purchase_units": 1 if purchase and purchase.is_paid_for else None,
            }
    return found


def _user_of(purchase: Purchase | None, claim: PurchaseClaim | None) -> str | None:
    if claim and claim.user_id:
        return claim.user_id
    return purchase.latest.user_id if purchase else None


def _found(
    purchase: Purchase | None,
    claim: PurchaseClaim | None,
    prices: dict[str, Decimal | None],
    is_settled: bool,
) -> list[tuple[str, str | None]]:
    """Return each type of discrepancy with its reason."""
    if claim is None:
        assert purchase is not None
        if not_judged(purchase, prices):
            return []
        return [("missing_claim", _unrecoverable(purchase, is_settled))]
    if purchase is None:
        return [("unverified_claim", "no_purchase")]
    found: list[tuple[str, str | None]] = []
    if purchase.fate == "refunded":
        found.append(("refunded_claim", "refunded"))
    if purchase.fate == "neither":
        found.append(("unverified_claim", "no_payment"))
    if mismatch := _mismatch(purchase, claim):
        found.append(("mismatched_claim", mismatch))
    return found


def _mismatch(purchase: Purchase, claim: PurchaseClaim) -> str | None:
    users = {status.user_id for status in purchase.statuses}
    skus = {status.sku for status in purchase.statuses}
    if len(users) > 1:
        return "conflicting_users"
    if len(skus) > 1:
        return "conflicting_skus"
    if users == {None}:
        return "no_user"
    if users != {claim.user_id}:
        return "other_user"
    return "other_sku" if skus != {claim.sku} else None


def not_judged(purchase: Purchase, prices: dict[str, Decimal | None]) -> str | None:
    """Say why a purchase without a claim asks for none; nothing where it does."""
    if purchase.fate == "refunded":
        return "refunded"
    if purchase.latest.sku not in prices:
        return "unknown_sku"
    return None if purchase.fate == "paid" else "no_payment"


def purchases_not_judged(
    statuses: list[Status],
    claims: list[PurchaseClaim],
    prices: dict[str, Decimal | None],
    now: datetime,
) -> Rows:
    """Return what rpt_purchases_not_judged must hold."""
    claimed = {claim.tx_id for claim in claims}
    by_tx_id: dict[str | None, list[Status]] = {}
    for status in statuses:
        by_tx_id.setdefault(status.tx_id, []).append(status)
    report: dict[tuple[str, ...], list[Purchase]] = {}
    for tx_id, rows in by_tx_id.items():
        purchase = Purchase(rows)
        why = not_judged(purchase, prices)
        if why and (tx_id is None or tx_id not in claimed):
            key = (str(purchase.latest.status), str(purchase.latest.sku), why)
            report.setdefault(key, []).append(purchase)
    return {key: _not_judged_row(key[2], purchases, now) for key, purchases in report.items()}


def _not_judged_row(why: str, purchases: list[Purchase], now: datetime) -> Row:
    times = [purchase.purchased_at for purchase in purchases if purchase.purchased_at]
    return {
        "status": purchases[0].latest.status,
        "sku": purchases[0].latest.sku,
        "why": why,
        "purchases": len(purchases),
        "audit_rows": sum(len(purchase.statuses) for purchase in purchases),
        "users": len({purchase.latest.user_id for purchase in purchases} - {None}),
        "first_purchased_at": min(times, default=None),
        "last_purchased_at": max(times, default=None),
        "built_at": now,
    }


def _unrecoverable(purchase: Purchase, is_settled: bool) -> str | None:
    if purchase.latest.tx_id is None:
        return "no_tx_id"
    if purchase.conflict:
        return purchase.conflict
    if purchase.purchased_at is None:
        return "no_purchase_time"
    return None if is_settled else "in_flight"


def revenue_at_stake(discrepancies: Rows, now: datetime) -> Rows:
    """Return what rpt_revenue_at_stake must hold."""
    report: dict[tuple[str, ...], list[Row]] = {}
    for row in discrepancies.values():
        key = (str(row["discrepancy_type"]), str(row["reason"]), str(row["sku"]))
        report.setdefault(key, []).append(row)
    return {key: _revenue(rows, now) for key, rows in report.items()}


def _revenue(rows: list[Row], now: datetime) -> Row:
    times = [row["purchased_at"] or row["claimed_at"] for row in rows]
    known = [time for time in times if time]
    price = rows[0]["unit_price"]
    return {
        "discrepancy_type": rows[0]["discrepancy_type"],
        "reason": rows[0]["reason"],
        "sku": rows[0]["sku"],
        "is_recoverable": rows[0]["reason"] is None,
        "purchases": len(rows),
        "users": len({row["user_id"] for row in rows} - {None}),
        "unit_price": price,
        "revenue": None if price is None else price * len(rows),
        "first_purchased_at": min(known, default=None),
        "last_purchased_at": max(known, default=None),
        "built_at": now,
    }
