"""What a whole shop should say, in plain Python.

Units, conditions, dates, gifts, gone accounts, what was accepted, the queue, caps. It shares
nothing with models and guard. Each rule is written from its wording: a wallet is followed entry by
entry, a purchase status by status.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

COLUMNS = {"streakshield": "streakshield_count", "xp_booster": "xp_booster_until"}
PAID, REFUNDED = {"INITIAL_PURCHASE", "NON_RENEWING_PURCHASE"}, {"REFUND", "CANCELLATION"}
TOLERANCE, SETTLED = timedelta(seconds=60), timedelta(minutes=180)


@dataclass(frozen=True)
class Offer:
    """A row of the catalogue: what a SKU gives for a while."""

    sku: str
    item: str
    quantity: int
    hours: int | None
    weekly_cap: int | None
    price: Decimal
    begins: datetime | None
    ends: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        has_begun = self.begins is None or self.begins <= moment
        return has_begun and (self.ends is None or moment < self.ends)


@dataclass(frozen=True)
class Claim:
    tx_id: str
    user_id: str
    sku: str
    claimed_at: datetime
    units: int | None = None
    is_deleted: bool = False


@dataclass(frozen=True)
class Status:
    tx_id: str
    user_id: str
    sku: str
    status: str
    at: datetime
    units: int | None = None
    is_sandbox: bool = False


@dataclass(frozen=True)
class Adjustment:
    user_id: str
    item: str
    quantity: int
    at: datetime


@dataclass(frozen=True)
class Wallet:
    user_id: str
    streakshield: int | None
    xp_booster: datetime | None
    updated_at: datetime


@dataclass(frozen=True)
class Event:
    """A purchase that the queue kept while the service was away."""

    queue_id: int
    tx_id: str
    user_id: str
    sku: str
    at: datetime
    units: int | None = None


@dataclass(frozen=True)
class Acceptance:
    user_id: str
    item: str
    reason: str
    accepted_by: str
    until: datetime

    def holds_at(self, moment: datetime) -> bool:
        return self.until > moment and self.reason != "" and self.accepted_by != ""


@dataclass(frozen=True)
class Purchase:
    """A tx_id of the audit trail, by all that the store ever said of it."""

    rows: list[Status]

    @property
    def latest(self) -> Status:
        return max(self.rows, key=lambda row: row.at)

    @property
    def payments(self) -> list[Status]:
        return [row for row in self.rows if row.status in PAID]

    @property
    def bought_at(self) -> datetime:
        return max(row.at for row in self.payments or self.rows)

    @property
    def is_refunded(self) -> bool:
        refunds = [row.at for row in self.rows if row.status in REFUNDED]
        return bool(refunds) and all(max(refunds) >= row.at for row in self.payments)

    @property
    def is_paid(self) -> bool:
        return bool(self.payments) and not self.is_refunded

    @property
    def units(self) -> int | None:
        return max((_of(row.units) for row in self.payments), default=None)

    @property
    def conflict(self) -> str | None:
        if len({row.user_id for row in self.rows}) > 1:
            return "conflicting_users"
        if len({_of(row.units) for row in self.payments}) > 1:
            return "conflicting_units"
        return None


# By user: what is written into the wallet, and which claims are made.
Lines = dict[str, tuple[dict[str, Any], list[Claim]]]
Claims = tuple[Lines, dict[str, str]]


def _of(units: int | None) -> int:
    return 1 if units is None else units


@dataclass
class Shop:
    """All that the service keeps, and by which rules it is judged."""

    stacking: str
    negative: str
    offers: list[Offer] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    deleted_accounts: set[str] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)
    wallets: dict[str, Wallet] = field(default_factory=dict)
    queue: list[Event] = field(default_factory=list)
    acceptances: list[Acceptance] = field(default_factory=list)

    def offer(self, sku: str, moment: datetime) -> Offer | None:
        """Return what a SKU was at a moment."""
        found = [offer for offer in self.offers if offer.sku == sku and offer.holds_at(moment)]
        return found[0] if found else None

    def claims_of(self, user_id: str) -> list[Claim]:
        """Return a user's claims that count."""
        return [each for each in self.claims if each.user_id == user_id and not each.is_deleted]

    def users(self) -> set[str]:
        """Return who has a claim that counts, an adjustment or a wallet."""
        counted = {each.user_id for each in self.claims if not each.is_deleted}
        return counted | {each.user_id for each in self.adjustments} | set(self.wallets)

    def purchases(self) -> dict[str, Purchase]:
        """Return the purchases that were no tests of a sandbox."""
        rows: dict[str, list[Status]] = {}
        for row in self.statuses:
            if not row.is_sandbox:
                rows.setdefault(row.tx_id, []).append(row)
        return {tx_id: Purchase(found) for tx_id, found in rows.items()}

    def expected(self, user_id: str, item: str, more: Iterable[Claim] = ()) -> Any:
        """Return what a wallet should hold of an item, with more claims than there are."""
        pieces = 0
        times: list[tuple[datetime, timedelta]] = []
        for claim in [*self.claims_of(user_id), *more]:
            offer = self.offer(claim.sku, claim.claimed_at)
            if offer and offer.item == item:
                given = offer.quantity * _of(claim.units)
                pieces += given
                times.append((claim.claimed_at, timedelta(hours=given * (offer.hours or 0))))
        for entry in self.adjustments:
            if entry.user_id == user_id and entry.item == item:
                pieces += entry.quantity
                times.append((entry.at, timedelta(hours=entry.quantity)))
        if item == "streakshield":
            return max(pieces, 0) if self.negative == "clamp" else pieces
        return self._end_of(times)

    def _end_of(self, times: list[tuple[datetime, timedelta]]) -> datetime | None:
        end: datetime | None = None
        for begins, lasts in sorted(times, key=lambda each: (each[0], -each[1])):
            if end is None:
                end = begins + lasts
            elif self.stacking == "extend":
                end = (end if end > begins else begins) + lasts
            elif begins + lasts > end:
                end = begins + lasts
        return end

    def held(self, user_id: str, item: str) -> Any:
        wallet = self.wallets.get(user_id)
        return getattr(wallet, item) if wallet else None

    def fault(
        self, user_id: str, item: str, now: datetime, more: Iterable[Claim] = ()
    ) -> str | None:
        """Say what is wrong of an item, by the models."""
        expected, held = self.expected(user_id, item, more), self.held(user_id, item)
        if item == "xp_booster":
            if not any(time and time > now for time in (expected, held)):
                return None
            if user_id not in self.wallets:
                return "missing_wallet"
            if held is None or (expected and held < expected - TOLERANCE):
                return "short"
            return "excess" if expected is None or held > expected + TOLERANCE else None
        if user_id not in self.wallets:
            return "missing_wallet" if expected else None
        if held is None or held < expected:
            return "short"
        return "excess" if held > expected else None

    def plannable_fault(
        self, user_id: str, item: str, now: datetime, more: Iterable[Claim] = ()
    ) -> str | None:
        """Say what is wrong of an item that a plan may write at all."""
        if self._is_asked_about(user_id, item, more):
            return None
        return self.fault(user_id, item, now, more)

    def _is_asked_about(self, user_id: str, item: str, more: Iterable[Claim] = ()) -> bool:
        is_quantity = item == "streakshield" and self.negative == "ask"
        return is_quantity and self.expected(user_id, item, more) < 0

    def is_settled(self, user_id: str, now: datetime) -> bool:
        moments = [claim.claimed_at for claim in self.claims_of(user_id)]
        moments += [entry.at for entry in self.adjustments if entry.user_id == user_id]
        if user_id in self.wallets:
            moments.append(self.wallets[user_id].updated_at)
        return all(moment <= now - SETTLED for moment in moments)

    def excuse(self, user_id: str) -> str | None:
        return None if user_id in self.accounts else "account_gone"

    def accepts(self, user_id: str, item: str, now: datetime) -> bool:
        """Say whether somebody answers for a balance now."""
        return any(
            each.holds_at(now)
            for each in self.acceptances
            if each.user_id == user_id and each.item == item
        )

    # What models and guard must say

    def wrong_balances(self, now: datetime) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Return what fct_wallet_discrepancies must say of each wrong balance."""
        return {
            (user_id, item): (
                fault,
                self.excuse(user_id) or ("accepted" if self.accepts(user_id, item, now) else None),
                self.is_settled(user_id, now),
            )
            for user_id in self.users()
            for item in COLUMNS
            if (fault := self.fault(user_id, item, now))
        }

    def correction(
        self, now: datetime
    ) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], str]]:
        """Return what a plan of all that is wrong writes, and what it leaves out and why."""
        lines: dict[str, dict[str, Any]] = {}
        left_out: dict[tuple[str, str], str] = {}
        for user_id, item in self.wrong_balances(now):
            fault = self.fault(user_id, item, now)
            if not self.is_settled(user_id, now):
                left_out[user_id, item] = "in_flight"
            elif self.excuse(user_id):
                left_out[user_id, item] = "account_gone"
            elif self._is_asked_about(user_id, item):
                left_out[user_id, item] = "negative_ledger"
            elif any(
                self.accepts(user_id, each, now)
                for each in ([item] if user_id in self.wallets else COLUMNS)
            ):
                left_out[user_id, item] = "accepted"
            elif fault == "excess" and item in self._unclaimed_items(user_id):
                left_out[user_id, item] = "unclaimed_purchase"
            else:
                lines.setdefault(user_id, {})[COLUMNS[item]] = self.expected(user_id, item)
        return lines, left_out

    def _unclaimed_items(self, user_id: str) -> set[str]:
        claimed = {claim.tx_id for claim in self.claims}
        purchases = self.purchases()
        mentions: list[Status | Event] = [row for each in purchases.values() for row in each.rows]
        return {
            offer.item
            for row in [*mentions, *self.queue]
            if row.user_id == user_id and row.tx_id not in claimed
            if row.tx_id not in purchases or not purchases[row.tx_id].is_refunded
            for offer in self.offers
            if offer.sku == row.sku
        }

    def purchase_faults(self, now: datetime) -> set[tuple[Any, ...]]:
        """Return what fct_purchase_discrepancies must say: tx_id, type, reason, units, price."""
        found: set[tuple[Any, ...]] = set()
        counted = {claim.tx_id: claim for claim in self.claims if not claim.is_deleted}
        deleted = {claim.tx_id for claim in self.claims if claim.is_deleted}
        purchases = self.purchases()
        for tx_id in {*counted, *purchases}:
            purchase, claim = purchases.get(tx_id), counted.get(tx_id)
            sku = claim.sku if claim else purchases[tx_id].latest.sku
            bought_at = purchase.bought_at if purchase else counted[tx_id].claimed_at
            offer = self.offer(sku, bought_at)
            units = _of(claim.units) if claim else _of(purchases[tx_id].units)
            price = offer.price if offer else None
            for kind, reason in self._faults_of(purchase, claim, offer, tx_id in deleted, now):
                found.add((tx_id, kind, reason, units, price))
        return found

    def _faults_of(
        self,
        purchase: Purchase | None,
        claim: Claim | None,
        offer: Offer | None,
        is_deleted: bool,
        now: datetime,
    ) -> Iterable[tuple[str, str | None]]:
        if claim is None:
            assert purchase
            if purchase.is_paid and offer:
                reason = "claim_not_counted" if is_deleted else self.excuse(purchase.latest.user_id)
                yield (
                    "missing_claim",
                    reason or self._unclear(purchase) or self._too_new(purchase, now),
                )
            return
        if purchase is None:
            yield "unverified_claim", "no_purchase"
            return
        if purchase.is_refunded:
            yield "refunded_claim", "refunded"
        elif not purchase.is_paid:
            yield "unverified_claim", "no_payment"
        if purchase.conflict:
            yield "mismatched_claim", purchase.conflict
        elif purchase.latest.user_id != claim.user_id:
            yield "mismatched_claim", "other_user"
        elif purchase.units is not None and purchase.units != _of(claim.units):
            yield "mismatched_claim", "other_units"

    @staticmethod
    def _unclear(purchase: Purchase) -> str | None:
        if purchase.conflict:
            return purchase.conflict
        return "no_units" if purchase.units is not None and purchase.units < 1 else None

    @staticmethod
    def _too_new(purchase: Purchase, now: datetime) -> str | None:
        return None if purchase.bought_at <= now - SETTLED else "in_flight"

    def beyond_caps(self) -> set[tuple[str, int, int]]:
        """Return what fct_cap_violations must hold: tx_id, number of its last unit, cap."""
        windows: dict[tuple[Any, ...], list[tuple[Claim, int]]] = {}
        for claim in self.claims:
            offer = None if claim.is_deleted else self.offer(claim.sku, claim.claimed_at)
            if offer and offer.weekly_cap is not None:
                week = claim.claimed_at.isocalendar()[:2]
                key = (claim.user_id, claim.sku, week)
                windows.setdefault(key, []).append((claim, offer.weekly_cap))
        found = set()
        for entries in windows.values():
            number = 0
            for claim, cap in sorted(entries, key=lambda each: (each[0].claimed_at, each[0].tx_id)):
                number += _of(claim.units)
                if number > cap:
                    found.add((claim.tx_id, number, cap))
        return found

    def recovery(self, now: datetime) -> Claims:
        """Return what a recovery of all claims, and what it leaves out: also what is over a cap."""
        left_out: dict[str, str] = {}
        planned: list[Claim] = []
        counted = {claim.tx_id for claim in self.claims if not claim.is_deleted}
        for tx_id, purchase in self.purchases().items():
            if tx_id in counted:
                continue
            latest = purchase.latest
            if reason := self._why_not_recovered(tx_id, purchase, now):
                left_out[tx_id] = reason
            else:
                claim = Claim(tx_id, latest.user_id, latest.sku, purchase.bought_at, purchase.units)
                planned.append(claim)
        over_cap = self._over_cap(planned)
        left_out |= dict.fromkeys(over_cap, "over_cap")
        return self._claimed(
            [each for each in planned if each.tx_id not in over_cap], left_out, now
        )

    def replay(self, now: datetime) -> Claims:
        """Return what a replay of the whole queue claims, over the caps too, and leaves out."""
        left_out: dict[str, str] = {}
        planned: list[Claim] = []
        counted = {claim.tx_id for claim in self.claims if not claim.is_deleted}
        purchases = self.purchases()
        for tx_id in {event.tx_id for event in self.queue} - counted:
            events = [event for event in self.queue if event.tx_id == tx_id]
            first = min(events, key=lambda event: (event.at, event.queue_id))
            purchase = purchases.get(tx_id)
            bought_at = purchase.bought_at if purchase else first.at
            if reason := self._why_not_replayed(events, first, purchase, bought_at, now):
                left_out[tx_id] = reason
            else:
                planned.append(Claim(tx_id, first.user_id, first.sku, bought_at, first.units))
        return self._claimed(planned, left_out, now)

    def _over_cap(self, planned: list[Claim]) -> set[str]:
        """Return which of these claims, made one after the other, the caps would have refused."""
        refused: set[str] = set()
        for claim in sorted(planned, key=lambda each: (each.claimed_at, each.tx_id)):
            # What was claimed while the SKU had no cap counts towards none.
            used = sum(
                _of(each.units)
                for each in [*self.claims_of(claim.user_id), *planned]
                if (each.user_id, each.sku) == (claim.user_id, claim.sku)
                and each.tx_id not in refused
                and self._cap_of(each) is not None
                and each.claimed_at.isocalendar()[:2] == claim.claimed_at.isocalendar()[:2]
                and (each.claimed_at, each.tx_id) < (claim.claimed_at, claim.tx_id)
            )
            cap = self._cap_of(claim)
            if cap is not None and used + _of(claim.units) > cap:
                refused.add(claim.tx_id)
        return refused

    def _cap_of(self, claim: Claim) -> int | None:
        offer = self.offer(claim.sku, claim.claimed_at)
        return offer.weekly_cap if offer else None

    def _claimed(self, planned: list[Claim], left_out: dict[str, str], now: datetime) -> Claims:
        """Return what the claims write, user by user, where the wallet agrees."""
        lines = {}
        for user_id in {claim.user_id for claim in planned}:
            claims = [claim for claim in planned if claim.user_id == user_id]
            after = self._credit(user_id, claims, now)
            if not self.is_settled(user_id, now):
                left_out |= {claim.tx_id: "in_flight" for claim in claims}
            elif after is None:
                left_out |= {claim.tx_id: "wallet_disagrees" for claim in claims}
            else:
                lines[user_id] = (after, claims)
        return lines, left_out

    def _why_not_recovered(self, tx_id: str, purchase: Purchase, now: datetime) -> str | None:
        if self.excuse(purchase.latest.user_id):
            return "account_gone"
        if purchase.conflict == "conflicting_users":
            return purchase.conflict
        if self.offer(purchase.latest.sku, purchase.bought_at) is None:
            return "unknown_sku"
        if unclear := self._unclear(purchase):
            return unclear
        if not purchase.is_paid:
            return "refunded" if purchase.is_refunded else "no_payment"
        is_taken = any(claim.tx_id == tx_id for claim in self.claims)
        return self._too_new(purchase, now) or ("claim_not_counted" if is_taken else None)

    def _why_not_replayed(
        self,
        events: list[Event],
        first: Event,
        purchase: Purchase | None,
        bought_at: datetime,
        now: datetime,
    ) -> str | None:
        """Say why an event is not replayed: by the queue, by the trail beside it, by the trail."""
        if self.excuse(first.user_id):
            return "account_gone"
        if len({event.user_id for event in events}) > 1:
            return "conflicting_users"
        if len({event.sku for event in events}) > 1:
            return "conflicting_skus"
        if self.offer(first.sku, bought_at) is None:
            return "unknown_sku"
        if len({_of(event.units) for event in events}) > 1:
            return "conflicting_units"
        if _of(first.units) < 1:
            return "no_units"
        if purchase and purchase.latest.user_id != first.user_id:
            return "conflicting_users"
        if purchase and purchase.latest.sku != first.sku:
            return "conflicting_skus"
        if purchase and purchase.units not in (None, _of(first.units)):
            return "conflicting_units"
        if first.at > now - SETTLED:
            return "in_flight"
        if purchase:
            return self._why_not_recovered(first.tx_id, purchase, now)
        is_taken = any(claim.tx_id == first.tx_id for claim in self.claims)
        return "claim_not_counted" if is_taken else None

    def _credit(self, user_id: str, more: list[Claim], now: datetime) -> dict[str, Any] | None:
        """Return what the claims change of a wallet; none where it agrees with neither."""
        items = {offer.item for each in more if (offer := self.offer(each.sku, each.claimed_at))}
        has_wallet = user_id in self.wallets
        before = {item: self.plannable_fault(user_id, item, now) for item in COLUMNS}
        after = {}
        for item in items:
            expected = self.expected(user_id, item, more)
            is_asked = self._is_asked_about(user_id, item, more)
            if has_wallet and (
                self.held(user_id, item) == expected
                if is_asked
                else self.fault(user_id, item, now, more) is None
            ):
                continue
            matched = not before[item] if has_wallet else not any(before.values())
            if not matched or is_asked:
                return None
            after[COLUMNS[item]] = expected
        return after

    def with_wallets(self, wallets: dict[str, Wallet]) -> Shop:
        """Return the shop with other wallets."""
        return replace(self, wallets=wallets)

    def with_claims(self, lines: Lines) -> Shop:
        """Return the shop with the claims of a plan beside its own."""
        made = [claim for _, claims in lines.values() for claim in claims]
        return replace(self, claims=[*self.claims, *made])
