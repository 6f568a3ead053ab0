"""What was counted, after the service has pruned, somebody has filled in, and rows came late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.observatory import Observatory
from support.request_streams import Arrival, store
from support.service_rules import Request

MIDNIGHT = datetime(2026, 7, 1, tzinfo=UTC)
COUNTED = ("stg_claim_service__function_metrics", "int_claim_requests", "int_request_periods")


def at(clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))


def arrive(database: Database, moments: Iterable[datetime]) -> None:
    with database.connect() as connection:
        store(
            connection,
            [Arrival(Request(moment, "claim", 200, 50.0, None), moment) for moment in moments],
        )


def prune(database: Database, first: str, last: str) -> None:
    """Delete the requests of a span."""
    with database.connect() as connection:
        connection.execute(
            'delete from function_metrics where "timestamp" >= %s and "timestamp" < %s',
            [at(first), at(last)],
        )


class Counts:
    """The counts of each hour, which minutes, windows and hours have to agree on."""

    def __init__(self, database: Database, dbt: DbtProject) -> None:
        self.sky = Observatory(database, dbt, {})

    def after_build(self, clock: str, **vars: Any) -> dict[int, int]:
        """Build at that time; return the requests of each hour of the day."""
        self.sky.vars = vars
        self.sky.build(at(clock), *COUNTED)
        periods = self.sky.database.rows(
            "select period, extract(hour from started_at at time zone 'UTC')::int, sum(requests)"
            f" from {MODELS_SCHEMA}.int_request_periods group by 1, 2"
        )
        hours, windows, minutes = (
            {hour: requests for period, hour, requests in periods if period == each}
            for each in ("hour", "window", "minute")
        )
        assert hours == windows == minutes
        assert 0 not in hours.values()
        return hours


@pytest.mark.slow
def test_minutes_windows_and_hours_lose_and_win_requests_together(
    database: Database, dbt: DbtProject
) -> None:
    counts = Counts(database, dbt)
    # One request a minute, from 01:00 to 08:00.
    arrive(database, (at("01:00") + timedelta(minutes=number) for number in range(7 * 60)))
    whole = dict.fromkeys(range(1, 8), 60)
    assert counts.after_build("08:05") == whole

    # Of the last 3 hours whatever is deleted is gone, and whatever comes late is counted.
    prune(database, "05:30", "05:45")
    prune(database, "07:00", "08:00")
    arrive(database, [at("06:10")] * 5)
    # Of what is older nothing is: nobody would know whether it was pruned.
    prune(database, "03:00", "03:30")
    arrive(database, [at("04:10")] * 7)
    young = {5: 45, 6: 65}
    expected = {**whole, **young}
    del expected[7]
    assert counts.after_build("08:20") == expected

    # An hour that the service has pruned in part stays as it was counted, and so do those before.
    arrive(database, [at("07:10")])
    prune(database, "01:00", "06:20")
    expected[7] = 1
    assert counts.after_build("08:30") == expected
    prune(database, "06:20", "08:00")
    assert counts.after_build("08:35") == expected

    # Somebody fills in what is older than the lookback: one command counts it, and only that.
    arrive(database, (at("02:00") + timedelta(minutes=number / 2) for number in range(4 * 60)))
    assert counts.after_build("09:40") == expected
    span = {"recount_metrics_from": f"{at('03:10'):%Y-%m-%d %H:%M+00}"}
    bounded = {**span, "recount_metrics_until": f"{at('03:20'):%Y-%m-%d %H:%M+00}"}
    expected = counts.after_build("09:45", **bounded)
    assert expected[3] == 120
    assert expected[2] == 60
    # Without an end also what follows, whose requests are gone, is counted as it is now.
    assert counts.after_build("09:50", **span) == {1: 60, 2: 60, 3: 120}
