"""The rules of service health in plain Python, from their wording: what the models must say.

It shares nothing with the models: each minute is looked at by itself, over the requests themselves.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil
from typing import Any

Row = dict[str, Any]

MINUTE = timedelta(minutes=1)
WINDOW = timedelta(minutes=15)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_REQUESTS = 20
WIDEST_MINUTES = 60
MODEL_HOURS = 24
COUNTS = ("total_requests", "successful", "cap_exceeded", "client_errors", "errors")
LOOKBACKS = {"5m": 5, "1h": 60, "6h": 360, "24h": 1440, "72h": 4320, "30d": 43200}


@dataclass(frozen=True)
class Request:
    """One row of the metrics."""

    at: datetime
    function: str
    status: int | None
    milliseconds: float | None
    error_code: str | None

    @property
    def is_error(self) -> bool:
        return self.status is None or self.status >= 500

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Build:
    """What one build said of the settled balances."""

    at: datetime
    settled: int
    accurate: int


@dataclass(frozen=True)
class Rule:
    """One alert: what is bad, out of what, over which trailing minutes, and for how long.

    Five trailing minutes widen, one by one, while they count too few requests. Sixty do not.
    """

    bad: Callable[[Request], bool]
    counts: Callable[[Request], bool]
    trailing: tuple[int, ...]
    threshold: Fraction
    minutes: int
    unit: Fraction = Fraction(1)


@dataclass(frozen=True)
class World:
    """The settings that decide what a request is."""

    has_error_code: bool = True
    deduplicates: bool = False

    def is_conflict(self, request: Request) -> bool:
        if self.has_error_code:
            return request.error_code == "cap_exceeded"
        return request.status == 409

    def rules(self) -> dict[str, Rule]:
        """Return the alerts about requests by their names."""
        five, ten = Fraction(5, 100), Fraction(10, 100)
        burn, budget = Fraction("14.4"), Fraction(1, 1000)
        return {
            "error_rate": Rule(_is_error, _is_request, (5,), five, 15),
            "latency": Rule(_is_slow, _is_timed, (5,), five, 30),
            "conflict_rate": Rule(self.is_conflict, _is_request, (60,), ten, 1),
            "fast_burn": Rule(_is_error, _is_request, (60, 5), burn, 1, budget),
        }


def _is_request(request: Request) -> bool:
    return True


def _is_error(request: Request) -> bool:
    return request.is_error


def _is_slow(request: Request) -> bool:
    return _ms(request) > 300


def _is_timed(request: Request) -> bool:
    return request.milliseconds is not None


def _ms(request: Request) -> float:
    return -1 if request.milliseconds is None else request.milliseconds


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """Return the start of the period that holds the moment."""
    return moment - (moment - EPOCH) % step


class Service:
    """What is known at a moment: requests up to it and builds up to it."""

    def __init__(
        self, world: World, requests: Iterable[Request], builds: list[Build], now: datetime
    ) -> None:
        self.world = world
        self.now = now
        self.builds = [build for build in builds if build.at <= now]
        known = [r for r in requests if r.function == "claim" and r.at < now]
        if not world.has_error_code:
            known = [replace(request, error_code=None) for request in known]
        if world.deduplicates:
            known = list(dict.fromkeys(known))
        self.requests = sorted(known, key=lambda request: request.at)
        self.times = [request.at for request in self.requests]

    def between(self, start: datetime, end: datetime) -> list[Request]:
        """Return the requests of a half-open span."""
        return self.requests[bisect_left(self.times, start) : bisect_left(self.times, end)]

    def hours(self) -> dict[datetime, Row]:
        """Return each hour from the first to the one that runs."""
        return {
            hour: self._hour(self.between(hour, hour + HOUR))
            for hour in _steps(floor_to(self.times[0], HOUR), floor_to(self.now, HOUR), HOUR)
        }

    def _hour(self, requests: list[Request]) -> Row:
        if not requests:
            return dict.fromkeys(COUNTS, None) | {"state": "no_data"}
        durations = sorted(_ms(r) for r in requests if _is_timed(r))
        conflicts = sum(self.world.is_conflict(r) for r in requests)
        client_errors = sum(
            r.status is not None and 400 <= r.status < 500 and not self.world.is_conflict(r)
            for r in requests
        )
        successes = sum(r.is_success for r in requests)
        return {
            "state": "counted",
            "total_requests": len(requests),
            "successful": successes,
            "cap_exceeded": conflicts,
            "client_errors": client_errors,
            "errors": sum(r.is_error for r in requests),
            "timed_requests": len(durations),
            "success_rate": _ratio(successes, len(requests)),
            "avg_latency_ms": _average(durations),
            "p50_latency_ms": percentile(durations, Fraction(50, 100)),
            "p95_latency_ms": percentile(durations, Fraction(95, 100)),
            "p99_latency_ms": percentile(durations, Fraction(99, 100)),
        }

    def conflicts(self) -> dict[datetime, Row]:
        """Return the conflicts of each hour and of the 24 hours that end with it."""
        found = {}
        for hour, row in self.hours().items():
            day = self.between(hour + HOUR - DAY, hour + HOUR)
            found[hour] = {
                "requests": row["total_requests"],
                "conflicts": row["cap_exceeded"],
                "conflict_rate": _ratio(row["cap_exceeded"] or 0, row["total_requests"] or 0),
                "rolling_24h_conflict_rate": _ratio(
                    sum(self.world.is_conflict(r) for r in day), len(day)
                ),
            }
        return found

    def windows(self) -> dict[datetime, Row]:
        """Return each complete window from the first on."""
        last = floor_to(self.now, WINDOW) - WINDOW
        starts = _steps(floor_to(self.times[0], WINDOW), last, WINDOW)
        return {start: _window(self.between(start, start + WINDOW)) for start in starts}

    def budgets(self) -> dict[tuple[str, str], Row]:
        """Return what each objective counted in each lookback."""
        end = floor_to(self.now, MINUTE)
        windows = self.windows() if self.times else {}
        found = {}
        for lookback, minutes in LOOKBACKS.items():
            start = end - minutes * MINUTE
            requests = self.between(start, end)
            timed = [r for r in requests if _is_timed(r)]
            judged = [
                bool(row["error_rate_met"])
                for at, row in windows.items()
                if at >= start and at + WINDOW <= end and row["error_rate_met"] is not None
            ]
            builds = [build for build in self.builds if start <= build.at <= end]
            for slo, objective, good, total in (
                ("availability", "0.999", sum(not r.is_error for r in requests), len(requests)),
                ("latency", "0.95", sum(_ms(r) <= 500 for r in timed), len(timed)),
                ("error_rate", "0.99", sum(judged), len(judged)),
                ("accuracy", "1", sum(b.accurate for b in builds), sum(b.settled for b in builds)),
            ):
                found[slo, lookback] = _budget(Fraction(objective), good, total)
        return found

    def alerts(self) -> dict[str, dict[datetime, Row]]:
        """Return every rule's state in every minute."""
        rules = self.world.rules()
        found = {
            name: dict(_states(rule.minutes, self._signals(rule))) for name, rule in rules.items()
        }
        found["wallets_match_claims"] = dict(_states(1, self._wallet_signals()))
        return found

    def _minutes(self) -> Iterator[datetime]:
        last = floor_to(self.now, MINUTE)
        begins = [self.times[0]] if self.times else []
        begins += [build.at for build in self.builds[:1]] + [last - 60 * MINUTE]
        yield from _steps(floor_to(min(begins), MINUTE), last, MINUTE)

    def _signals(self, rule: Rule) -> Iterator[tuple[datetime, Row]]:
        """Yield what each minute by itself says."""
        counted = [request.at for request in self.requests if rule.counts(request)]
        for end in self._minutes():
            spans = [self._trailing(counted, minutes, end) for minutes in rule.trailing]
            totals = [sum(map(rule.counts, span)) for span in spans]
            bad = [sum(map(rule.bad, span)) for span in spans]
            shortest = self.between(end - min(rule.trailing) * MINUTE, end)
            yield end, _signal(rule, bad, totals, is_silent=not any(map(rule.counts, shortest)))

    def _trailing(self, counted: list[datetime], minutes: int, end: datetime) -> list[Request]:
        """Return the requests of so many minutes, or of more where too few of them count."""
        last = bisect_left(counted, end)
        while minutes < WIDEST_MINUTES:
            if last - bisect_left(counted, end - minutes * MINUTE) >= MIN_REQUESTS:
                break
            minutes += 1
        return self.between(end - minutes * MINUTE, end)

    def _wallet_signals(self) -> Iterator[tuple[datetime, Row]]:
        for end in self._minutes():
            # While this minute's row is the last one, builds of the minute after it are known.
            known = [build for build in self.builds if build.at < end + MINUTE]
            build = known[-1] if known else None
            if build and end >= build.at + MODEL_HOURS * HOUR:
                build = None
            settled = build.settled if build else 0
            wrong = build.settled - build.accurate if build else 0
            signal = "no_data" if settled == 0 else "breach" if wrong else "ok"
            yield end, {"signal": signal, "requests": settled, "value": _ratio(wrong, settled)}


def _average(durations: list[float]) -> float | None:
    """Return the average, rounded to two places, half up and exactly as decimals are."""
    if not durations:
        return None
    exact = sum(map(Decimal, map(repr, durations)), Decimal()) / len(durations)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def percentile(durations: list[float], share: Fraction) -> float | None:
    """Return the first duration that at least this share of all does not exceed."""
    return durations[ceil(share * len(durations)) - 1] if durations else None


def _window(requests: list[Request]) -> Row:
    durations = sorted(_ms(r) for r in requests if _is_timed(r))
    errors = sum(r.is_error for r in requests)
    slow = sum(duration > 500 for duration in durations)
    errors_met = 100 * errors <= len(requests) if len(requests) >= MIN_REQUESTS else None
    latency_met = 20 * slow <= len(durations) if len(durations) >= MIN_REQUESTS else None
    if not requests:
        state = "no_data"
    elif errors_met is False or latency_met is False:
        state = "missed"
    else:
        state = "low_traffic" if len(requests) < MIN_REQUESTS else "met"
    return {
        "requests": len(requests),
        "errors": errors,
        "error_rate": _ratio(errors, len(requests)),
        "timed_requests": len(durations),
        "over_500ms": slow,
        "p95_latency_ms": percentile(durations, Fraction(95, 100)),
        "error_rate_met": errors_met,
        "latency_met": latency_met,
        "state": state,
    }


def _budget(objective: Fraction, good: int, total: int) -> Row:
    allowed = total * (1 - objective)
    bad = total - good
    burn = float(bad / allowed) if allowed else None
    state = "no_data" if total == 0 else "missed" if bad > allowed else "met"
    return {
        "good": good,
        "total": total,
        "burn_rate": burn,
        "budget_remaining": None if burn is None else 1 - burn,
        "state": state,
    }


def _signal(rule: Rule, bad: list[int], totals: list[int], *, is_silent: bool) -> Row:
    fewest = min(totals)
    allowed = [rule.threshold * rule.unit * total for total in totals]
    breaches = all(b > a for b, a in zip(bad, allowed, strict=True))
    if fewest >= MIN_REQUESTS and breaches:
        signal = "breach"
    elif is_silent:
        signal = "no_data"
    else:
        signal = "ok" if fewest >= MIN_REQUESTS else "low_traffic"
    ratios = [b / (t * rule.unit) for b, t in zip(bad, totals, strict=True) if t]
    return {
        "signal": signal,
        "requests": fewest,
        "value": float(min(ratios)) if ratios else None,
    }


def _states(needed: int, signals: Iterator[tuple[datetime, Row]]) -> Iterator[tuple[datetime, Row]]:
    """Walk through the minutes as the engineer on call lives through them."""
    run, is_firing, state, since = 0, False, "", EPOCH
    for minute, row in signals:
        run = run + 1 if row["signal"] == "breach" else 0
        if row["signal"] == "ok":
            is_firing = False
        elif run >= needed:
            is_firing = True
        unfired = "pending" if row["signal"] == "breach" else row["signal"]
        before, state = state, "firing" if is_firing else unfired
        if state != before:
            since = minute
        yield minute, {**row, "state": state, "since": since}


def _steps(first: datetime, last: datetime, step: timedelta) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += step


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
