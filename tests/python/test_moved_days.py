"""`make test-days`: which days it tests at, and that all processes then share one clock."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from moved_days.__main__ import chosen, moments
from support.databases import Database

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("now", ["2026-11-27", "2026-12-31", "2027-01-31", "2028-02-28"])
def test_the_days_are_those_that_are_promised(now: str) -> None:
    start = datetime.fromisoformat(now).replace(hour=23, tzinfo=UTC)
    found = moments(start)
    assert min(found.values()) > start
    assert {moment.weekday() for moment in list(found.values())[:7]} == set(range(7))
    for name, is_new in (
        ("month", lambda moment: moment.day == 1),
        ("year", lambda moment: (moment.month, moment.day) == (1, 1)),
    ):
        assert (is_new(found[f"before-{name}"]), is_new(found[f"after-{name}"])) == (False, True)
    assert (found["leap-day"].month, found["leap-day"].day) == (2, 29)
    # In Europe at one o'clock in UTC; in New York at two of its clock, which is six or seven.
    changes = {name: moment.hour for name, moment in found.items() if name[:6] == "after-"}
    assert {changes["after-europe-1"], changes["after-europe-2"]} == {1}
    assert {changes["after-america-1"], changes["after-america-2"]} == {6, 7}


def test_one_day_is_another_one_from_minute_to_minute() -> None:
    start = datetime(2026, 11, 27, tzinfo=UTC)
    names = {name for minute in range(20) for name in chosen("one", start + minute * HOUR / 60)}
    assert names == set(moments(start))
    assert set(chosen("europe", start)) == {
        *("before-europe-1", "after-europe-1", "before-europe-2", "after-europe-2")
    }


def test_all_processes_share_one_clock(database: Database) -> None:
    print_now = "import datetime; print(datetime.datetime.now(datetime.UTC).isoformat())"
    child = subprocess.run([sys.executable, "-c", print_now], capture_output=True, check=True)
    clocks = [
        datetime.now(UTC),
        datetime.fromisoformat(child.stdout.decode().strip()),
        database.value("select clock_timestamp()"),
    ]
    assert max(clocks) - min(clocks) < timedelta(seconds=30)
