"""Random streams of requests, one after the other: each with a character of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from support.service_rules import Build, Request, floor_to

STREAM = timedelta(hours=4)
LATEST = timedelta(hours=2)

# A minute's requests in quiet and in busy spells, and how often they go wrong.
RATES = (0, 0, 1, 3, 4, 5, 8, 20)
ERROR_SHARES = (0, 0, 0, 0.002, 0.02, 0.05, 0.06, 0.3, 1)
SLOW_SHARES = (0, 0.02, 0.05, 0.06, 0.5)
CONFLICT_SHARES = (0, 0.05, 0.1, 0.12, 0.4)
DURATIONS = (12.5, 80.0, 250.0, 300.0)
SLOW_DURATIONS = (300.25, 480.0, 500.0, 500.25, 2000.0)


@dataclass(frozen=True)
class Arrival:
    """A request and when its row reaches the table."""

    request: Request
    arrives_at: datetime


def random_streams(seed: int, first: datetime, count: int) -> list[Arrival]:
    """Return so many streams, which begin where the one before ends."""
    source = random.Random(seed)
    return [
        arrival
        for number in range(count)
        for arrival in _stream(source, first + number * STREAM, first + (number + 1) * STREAM)
    ]


def random_builds(seed: int, first: datetime, end: datetime) -> list[Build]:
    """Return builds, some of which find something wrong; now and then none runs for a day."""
    source = random.Random(seed)
    builds = []
    at = first + timedelta(minutes=7)
    while at < end:
        settled = source.choice((0, 1, 500))
        wrong = source.choice((0, 0, 1)) if settled else 0
        builds.append(Build(at, settled, settled - wrong))
        at += timedelta(
            minutes=source.choice((0, 15, 61, 240, 1500)), seconds=source.randint(1, 59)
        )
    return builds


def _stream(source: random.Random, start: datetime, end: datetime) -> Iterator[Arrival]:
    while start < end:
        spell = min(end, start + timedelta(minutes=source.choice((2, 4, 10, 17, 33, 90))))
        rate, errors = source.choice(RATES), source.choice(ERROR_SHARES)
        slow, conflicts = source.choice(SLOW_SHARES), source.choice(CONFLICT_SHARES)
        minutes = round((spell - start) / timedelta(minutes=1))
        for _ in range(source.randint(rate * minutes * 9 // 10, rate * minutes)):
            yield from _requests(source, start, spell, (errors, slow, conflicts))
        start = spell


def _requests(
    source: random.Random, start: datetime, end: datetime, shares: tuple[float, float, float]
) -> Iterator[Arrival]:
    """Yield a request; now and then its row comes late, or twice."""
    errors, slow, conflicts = shares
    at = start + source.random() * (end - start)
    if source.random() < 0.05:
        at = floor_to(at, timedelta(minutes=1))
    status: int | None = 200
    error_code = None
    if source.random() < errors:
        status, error_code = source.choice(((500, "internal_error"), (503, None), (None, None)))
    elif source.random() < conflicts:
        status, error_code = source.choice(((409, "cap_exceeded"), (409, "already_claimed")))
    elif source.random() < 0.02:
        status, error_code = source.choice(((404, None), (302, None), (201, None)))
    duration = source.choice(SLOW_DURATIONS if source.random() < slow else DURATIONS)
    function = "claim" if source.random() > 0.02 else "refund"
    known = None if source.random() < 0.03 else duration
    request = Request(at, function, status, known, error_code)
    late = source.random() * LATEST if source.random() < 0.05 else timedelta()
    for _ in range(2 if source.random() < 0.02 else 1):
        yield Arrival(request, at + late)


def store(connection: psycopg.Connection, arrivals: list[Arrival]) -> None:
    """Write the rows that have arrived."""
    with connection.cursor().copy(
        'copy function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)'
        " from stdin"
    ) as copy:
        for request in (arrival.request for arrival in arrivals):
            copy.write_row(
                (
                    request.at,
                    request.function,
                    request.status,
                    request.milliseconds,
                    request.error_code,
                )
            )
