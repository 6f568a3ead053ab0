"""Streams of requests as a Hypothesis strategy: spells, each with a character of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
from hypothesis import strategies as st

from support.histories import MICROSECOND, copy_rows
from support.service_rules import HOUR, LOOKBACKS, MINUTE, Build, Request, floor_to

MOST_SPELLS = 5
# A spell's minutes, and its requests a minute.
SPELLS = (1, 4, 5, 10, 14, 15, 16, 29, 30, 31, 60)
RATES = (4, 1, 3, 5, 8, 20)
SILENCES = (1, 4, 5, 15, 16, 59, 60, 61) * 2 + (300, 1441)
# Each how-many-eth request of a spell is one of a kind; of none there is none.
EVERY = (0, 0, 0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 69, 70, 100)
KINDS = ("error", "conflict", "slow", "odd", "untimed", "late", "twice")
ERRORS = ((500, "internal_error"), (503, None), (None, None))
CONFLICTS = ((409, "cap_exceeded"), (409, "already_claimed"))
OTHERS = ((404, None), (302, None), (201, None))
DURATIONS = (12.5, 80.0, 250.0, 300.0)
SLOW_DURATIONS = (300.25, 480.0, 500.0, 500.25, 2000.0)
STEPS = (timedelta(), MICROSECOND, -MICROSECOND, timedelta(seconds=7))


@dataclass(frozen=True)
class Arrival:
    """A request and when its row reaches the table."""

    request: Request
    arrives_at: datetime


@dataclass
class Stream:
    """What the service was asked, which builds there were, and when somebody looks."""

    end: datetime
    arrivals: list[Arrival] = field(default_factory=list)
    # Builds of the wallets, with what they found.
    builds: list[Build] = field(default_factory=list)
    # Builds that count requests.
    counted_at: list[datetime] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)

    @property
    def requests(self) -> list[Request]:
        """All that is ever told."""
        return [arrival.request for arrival in self.arrivals]

    def is_counted_again(self) -> bool:
        """Whether a build counts an hour that the one before counted without all of its rows."""
        return any(
            arrival.request.at < floor_to(build, HOUR) and build <= arrival.arrives_at < later
            for build, later in pairwise(self.counted_at)
            for arrival in self.arrivals
        )


@st.composite
def streams(draw: st.DrawFn, first: datetime) -> Stream:
    """Draw a few spells in a row, what is built meanwhile, and looks at their end and later."""
    stream = Stream(first)
    marks = [first]
    for _ in range(draw(st.integers(1, MOST_SPELLS))):
        if marks[1:] and draw(st.sampled_from([False, False, True])):
            stream.end += draw(st.sampled_from(SILENCES)) * MINUTE
        start, stream.end = stream.end, stream.end + draw(st.sampled_from(SPELLS)) * MINUTE
        stream.arrivals += _draw_spell(draw, start, stream.end)
        marks.append(stream.end)
        if draw(st.sampled_from([False, True, True])):
            stream.counted_at.append(stream.end + draw(st.sampled_from([0, 1, 30])) * MINUTE)
        if draw(st.booleans()):
            settled = draw(st.sampled_from([0, 1, 500]))
            accurate = max(0, settled - draw(st.sampled_from([0, 0, 1])))
            stream.builds.append(Build(start + draw(st.sampled_from(STEPS)), settled, accurate))
    stream.end += draw(st.sampled_from([*STEPS, 20 * MINUTE, HOUR]))
    stream.counted_at = sorted(each for each in stream.counted_at if each <= stream.end)
    stream.arrivals = [_before(stream.counted_at, arrival) for arrival in stream.arrivals]
    # What failed a second from now has not happened yet: some clocks run ahead.
    ahead = Request(stream.end + timedelta(seconds=1), "claim", 500, 9000.0, "internal_error")
    stream.arrivals += [Arrival(ahead, stream.end)] * 3
    looks = {
        draw(st.sampled_from(marks)) + minutes * MINUTE + draw(st.sampled_from(STEPS))
        for minutes in draw(st.lists(st.sampled_from(list(LOOKBACKS.values())), max_size=2))
    }
    stream.looks = [stream.end, *sorted(look for look in looks if look > stream.end)]
    return stream


def _draw_spell(draw: st.DrawFn, start: datetime, end: datetime) -> list[Arrival]:
    """Draw the requests of a spell, evenly spread; now and then a row comes late, or twice."""
    # Some have one fault only: else hardly a window is slow and free of errors.
    kinds = draw(st.sampled_from([KINDS, KINDS, KINDS, ("slow",)]))
    every = dict.fromkeys(KINDS, 0) | {kind: draw(st.sampled_from(EVERY)) for kind in kinds}
    error, conflict, other = (draw(st.sampled_from(each)) for each in (ERRORS, CONFLICTS, OTHERS))
    slow = draw(st.sampled_from(SLOW_DURATIONS))
    function = draw(st.sampled_from(["claim", "claim", "refund"]))
    late = draw(st.sampled_from([1, 30, 61, 120])) * MINUTE
    start += draw(st.sampled_from(STEPS))
    rate = draw(st.sampled_from(RATES))
    arrivals = []
    for number in range(1, rate * round((end - start) / MINUTE) + 1):
        is_ = {kind: each > 0 and number % each == 0 for kind, each in every.items()}
        at = start + (number - 1) * MINUTE / rate
        status: int | None = 200
        error_code = None
        if is_["error"]:
            status, error_code = error
        elif is_["conflict"]:
            status, error_code = conflict
        elif is_["odd"]:
            status, error_code = other
        milliseconds = slow if is_["slow"] else DURATIONS[number % len(DURATIONS)]
        request = Request(
            at,
            # The first is always one that counts.
            function if is_["odd"] and number > 1 else "claim",
            status,
            None if is_["untimed"] else milliseconds,
            error_code,
        )
        arrival = Arrival(request, at + late if is_["late"] else at)
        arrivals += [arrival] * (2 if is_["twice"] else 1)
    return arrivals


def _before(counted_at: list[datetime], arrival: Arrival) -> Arrival:
    """Let what is dated before the hour of the last build arrive before it, however late it is."""
    last = counted_at[-1] if counted_at else arrival.request.at
    if arrival.request.at >= floor_to(last, HOUR) or arrival.arrives_at < last:
        return arrival
    return Arrival(arrival.request, last - timedelta(seconds=1))


def store(connection: psycopg.Connection[Any], arrivals: list[Arrival]) -> None:
    """Write the rows that have arrived."""
    columns = '"timestamp", function_name, status_code, duration_ms, error_code'
    copy_rows(
        {
            f"function_metrics ({columns})": [
                (each.at, each.function, each.status, each.milliseconds, each.error_code)
                for each in (arrival.request for arrival in arrivals)
            ]
        },
        connection,
    )
