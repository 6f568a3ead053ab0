"""The rules of caps in plain Python, from their wording: what the models must say.

It shares nothing with the models: no SQL, and every claim is held against every other of its user.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from support.balance_rules import Row, Rows
from support.purchase_rules import PurchaseClaim

HOURS = {"week": 168, "month": 720}


@dataclass(frozen=True)
class Caps:
    """How often a SKU may be claimed; None is no cap."""

    week: int | None
    month: int | None

    def of(self, window_type: str) -> int | None:
        return self.week if window_type == "week" else self.month


@dataclass(frozen=True)
class CapRules:
    """The settings that decide what a window is."""

    zone: str = "UTC"
    local_zone: str = "America/New_York"
    is_rolling: bool = False
    burst_gap_minutes: int = 60


@dataclass(frozen=True)
class Ledger:
    """What caps are judged by."""

    claims: list[PurchaseClaim]
    caps: dict[str, Caps]
    plans: dict[str, int]
    rules: CapRules

    def capped(self, window_type: str) -> list[tuple[PurchaseClaim, int]]:
        """Return the claims that a cap of this kind is about, with the cap."""
        found = []
        for claim in self.claims:
            cap = self.caps.get(claim.sku, Caps(None, None)).of(window_type)
            if cap is not None and claim.user_id is not None:
                found.append((claim, cap))
        return found

    def peers(self, claim: PurchaseClaim) -> list[PurchaseClaim]:
        """Return the claims of the same user and SKU up to this one, in their order."""
        return sorted(
            (
                each
                for each in self.claims
                if (each.user_id, each.sku) == (claim.user_id, claim.sku)
                and (each.claimed_at, each.tx_id) <= (claim.claimed_at, claim.tx_id)
            ),
            key=lambda each: (each.claimed_at, each.tx_id),
        )

    def window(self, claim: PurchaseClaim, window_type: str) -> list[PurchaseClaim]:
        """Return what the claim's window holds up to the claim."""
        start = window_start(claim.claimed_at, window_type, self.rules)
        if self.rules.is_rolling:
            return [each for each in self.peers(claim) if each.claimed_at > start]
        return [each for each in self.peers(claim) if each.claimed_at >= start]


def first_day(moment: datetime, window_type: str, zone: str) -> date:
    """Return the Monday or the first of the month by the clocks of a zone."""
    day = moment.astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday()) if window_type == "week" else day.replace(day=1)


def calendar_start(moment: datetime, window_type: str, zone: str) -> datetime:
    """Return when that day begins."""
    return datetime.combine(first_day(moment, window_type, zone), time(), ZoneInfo(zone))


def window_start(moment: datetime, window_type: str, rules: CapRules) -> datetime:
    """Return where a window starts, which a rolling one does not hold."""
    if rules.is_rolling:
        return moment - timedelta(hours=HOURS[window_type])
    return calendar_start(moment, window_type, rules.zone)


def cap_usage(ledger: Ledger) -> Rows:
    """Return what fct_cap_usage must hold: of a calendar window what its last claim sees."""
    found: Rows = {}
    for window_type in HOURS:
        for claim, cap in sorted(
            ledger.capped(window_type), key=lambda each: (each[0].claimed_at, each[0].tx_id)
        ):
            start = window_start(claim.claimed_at, window_type, ledger.rules)
            claims = len(ledger.window(claim, window_type))
            key = (str(claim.user_id), claim.sku, window_type, str(start.timestamp()))
            found[(*key, str(claims)) if ledger.rules.is_rolling else key] = {
                "user_id": claim.user_id,
                "sku": claim.sku,
                "window_type": window_type,
                "window_start": start,
                "claims": claims,
                "cap": cap,
                "is_exceeded": claims > cap,
                "last_claimed_at": claim.claimed_at,
            }
    return found


def cap_violations(ledger: Ledger, now: datetime) -> Rows:
    """Return what fct_cap_violations must hold."""
    return {
        (claim.tx_id, window_type): _violation(ledger, claim, window_type, cap, now)
        for window_type in HOURS
        for claim, cap in ledger.capped(window_type)
        if len(ledger.window(claim, window_type)) > cap
    }


def _violation(
    ledger: Ledger, claim: PurchaseClaim, window_type: str, cap: int, now: datetime
) -> Row:
    window = ledger.window(claim, window_type)
    planned = [each for each in window if each.tx_id in ledger.plans]
    is_excused = claim.tx_id in ledger.plans or len(window) - len(planned) <= cap
    return {
        "tx_id": claim.tx_id,
        "window_type": window_type,
        "user_id": claim.user_id,
        "sku": claim.sku,
        "window_start": window_start(claim.claimed_at, window_type, ledger.rules),
        "claim_number": len(window),
        "cap": cap,
        "claimed_at": claim.claimed_at,
        "is_excused": is_excused,
        "excused_by_plan": ledger.plans[planned[-1].tx_id] if is_excused else None,
        "built_at": now,
    }


def cap_boundary_claims(ledger: Ledger) -> Rows:
    """Return what fct_cap_boundary_claims must hold."""
    zones = (ledger.rules.local_zone, ledger.rules.zone)
    found: Rows = {}
    for claim in ledger.claims:
        for window_type in HOURS:
            local, other = (first_day(claim.claimed_at, window_type, zone) for zone in zones)
            if (
                local == other
                or ledger.caps.get(claim.sku, Caps(None, None)).of(window_type) is None
            ):
                continue
            found[claim.tx_id, window_type] = {
                "tx_id": claim.tx_id,
                "user_id": claim.user_id,
                "sku": claim.sku,
                "claimed_at": claim.claimed_at,
                "window_type": window_type,
                "window_start_local": calendar_start(claim.claimed_at, window_type, zones[0]),
                "window_start_utc": calendar_start(claim.claimed_at, window_type, zones[1]),
            }
    return found


def claim_bursts(ledger: Ledger) -> Rows:
    """Return what fct_claim_bursts must hold, following each user's claims one by one."""
    gap = timedelta(minutes=ledger.rules.burst_gap_minutes)
    bursts: list[list[PurchaseClaim]] = []
    named = [claim for claim in ledger.claims if claim.user_id is not None]
    for claim in sorted(named, key=lambda each: (str(each.user_id), each.claimed_at)):
        last = bursts[-1][-1] if bursts else None
        goes_on = (
            last and last.user_id == claim.user_id and claim.claimed_at - last.claimed_at <= gap
        )
        if goes_on:
            bursts[-1].append(claim)
        else:
            bursts.append([claim])
    return {
        (str(burst[0].user_id), str(burst[0].claimed_at.timestamp())): {
            "user_id": burst[0].user_id,
            "claims": len(burst),
            "first_claimed_at": burst[0].claimed_at,
            "last_claimed_at": burst[-1].claimed_at,
            "skus": ", ".join(sorted({claim.sku for claim in burst})),
        }
        for burst in bursts
        if len(burst) > 1
    }


def current_windows(rules: CapRules, now: datetime) -> Rows:
    """Return what int_current_cap_windows must hold at this moment."""
    return {
        (window_type,): {
            "window_type": window_type,
            "window_start": window_start(now, window_type, rules),
            "holds_its_start": not rules.is_rolling,
        }
        for window_type in HOURS
    }
