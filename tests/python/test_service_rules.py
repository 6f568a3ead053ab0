"""The models against the rules of service health, computed a second time over random streams."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.halves import half_of_today
from support.observatory import Observatory
from support.request_streams import STREAM, Arrival, random_builds, random_streams, store
from support.service_rules import HOUR, Build, Request, Row, Service, World, floor_to

FIRST = datetime(2026, 3, 28, 22, tzinfo=UTC)  # The night in which Berlin's clocks change.
LIVE = timedelta(minutes=80)

WORLDS = {"plain": World(), "without_error_codes": World(has_error_code=False, deduplicates=True)}


def _observatory(database: Database, dbt: DbtProject, world: World) -> Observatory:
    vars: dict[str, Any] = {"deduplicate_metrics": world.deduplicates}
    if not world.has_error_code:
        vars["claim_service_columns"] = {"function_metrics": {"error_code": None}}
    return Observatory(database, dbt, vars)


def rows_of(cursor: psycopg.Cursor[Row], relation: str, *grain: str) -> dict[Any, Row]:
    """Return a relation's rows by their grain, which must be unique."""
    rows = cursor.execute(f"select * from {MODELS_SCHEMA}.{relation}".encode()).fetchall()
    found = {tuple(row.pop(column) for column in grain): row for row in rows}
    assert len(found) == len(rows), f"{relation} has more than one row for one {grain}"
    return found


def differences(found: Mapping[Any, Row], expected: Mapping[Any, Row]) -> list[Any]:
    """Return what differs: the key, what the model says, what the rules say."""
    return [
        (key, found.get(key), expected.get(key))
        for key in sorted({*found, *expected}, key=str)
        if not _agree(found.get(key), expected.get(key))
    ]


def _agree(found: Row | None, expected: Row | None) -> bool:
    if found is None or expected is None:
        return False
    return all(
        found[name] == pytest.approx(value) if isinstance(value, float) else found[name] == value
        for name, value in expected.items()
    )


def by_time(rows: Mapping[datetime, Row]) -> dict[Any, Row]:
    """Return rows by the key that rows_of gives them."""
    return {(at,): row for at, row in rows.items()}


def by_minute(service: Service) -> dict[Any, Row]:
    """Return the alerts as int_alert_minutes has them."""
    return {
        (alert, minute): row
        for alert, minutes in service.alerts().items()
        for minute, row in minutes.items()
    }


def keep_builds(connection: psycopg.Connection, builds: list[Build]) -> None:
    """Let the wallets' history be these builds."""
    connection.execute(f"delete from {MODELS_SCHEMA}.fct_wallet_balance_history".encode())
    columns = ("total_balance", "users_with_balance", "users_ever", "wallets", "short", "excess")
    zeros = ", ".join("0" for _ in (*columns, "missing_wallets", "unsettled"))
    connection.cursor().executemany(
        f"insert into {MODELS_SCHEMA}.fct_wallet_balance_history"
        f" (item, {', '.join(columns)}, missing_wallets, unsettled,"
        "   settled_balances, settled_accurate_balances, built_at)"
        f" values ('shield', {zeros}, %s, %s, %s)".encode(),
        [(build.settled, build.accurate, build.at) for build in builds],
    )


@pytest.mark.parametrize("world", half_of_today(WORLDS))
def test_models_agree_with_the_rules(world: str, database: Database, dbt: DbtProject) -> None:
    _compare(_observatory(database, dbt, WORLDS[world]), WORLDS[world], seed=20251124, streams=20)


@pytest.mark.slow
@pytest.mark.parametrize("world", half_of_today(WORLDS))
def test_models_agree_with_the_rules_over_fresh_streams(
    world: str, database: Database, dbt: DbtProject
) -> None:
    seed = random.randrange(2**32)
    _compare(_observatory(database, dbt, WORLDS[world]), WORLDS[world], seed, streams=50)


def _compare(sky: Observatory, world: World, seed: int, streams: int) -> None:
    """Let the streams arrive, with three builds between and a fresh hour that no build saw."""
    end = FIRST + streams * STREAM
    arrivals = [_before(end - LIVE, arrival) for arrival in random_streams(seed, FIRST, streams)]
    builds = random_builds(seed, FIRST, end)
    moments = [FIRST + (end - FIRST) * share for share in (0.3, 0.31, 0.8)] + [end - LIVE]
    before = FIRST
    for number, moment in enumerate(moments):
        _let_arrive(sky.database, arrivals, before, moment)
        sky.build(moment, *([] if number == 0 else ["int_request_periods"]))
        before = moment
    # What no build has seen is of the fresh hours, and some clocks run ahead.
    _let_arrive(sky.database, arrivals, before, end + STREAM)
    with sky.database.connect() as connection:
        keep_builds(connection, builds)
        store(connection, [Arrival(request_ahead(end), end)] * 3)
    requests = [arrival.request for arrival in arrivals]
    _compare_history(sky, Service(world, requests, builds, end), seed)
    for number in range(1, streams + 1):
        now = FIRST + number * STREAM
        _compare_present(sky, Service(world, requests, builds, now), seed)


def _before(last_build: datetime, arrival: Arrival) -> Arrival:
    """Let what is dated before the hour of the last build arrive before it, however late it is."""
    if arrival.request.at >= floor_to(last_build, HOUR) or arrival.arrives_at < last_build:
        return arrival
    return Arrival(arrival.request, last_build - timedelta(seconds=1))


def _let_arrive(
    database: Database, arrivals: list[Arrival], after: datetime, until: datetime
) -> None:
    with database.connect() as connection:
        arrived = [arrival for arrival in arrivals if after <= arrival.arrives_at < until]
        store(connection, arrived)
        connection.execute("analyze function_metrics")


def request_ahead(now: datetime) -> Request:
    """Return a failure that has not happened yet."""
    return Request(now + timedelta(seconds=1), "claim", 500, 9000.0, "internal_error")


def _compare_history(sky: Observatory, service: Service, seed: int) -> None:
    """Compare every minute, window and hour."""
    with sky.at(service.now) as cursor:
        for relation, grain, expected in (
            ("int_alert_minutes", ("alert", "judged_at"), by_minute(service)),
            ("rpt_slo_windows", ("window_start",), by_time(service.windows())),
            ("rpt_claim_service_health", ("hour",), by_time(service.hours())),
            ("v_claim_conflicts_rolling", ("hour",), by_time(service.conflicts())),
        ):
            found = rows_of(cursor, relation, *grain)
            assert differences(found, expected) == [], f"{relation}, seed {seed}"
            assert len(found) > 0
        # The percentile and the share say the same, at every limit.
        disagreeing = cursor.execute(
            f"""
            select count(*) as windows
            from {MODELS_SCHEMA}.rpt_slo_windows
            where timed_requests > 0
                and (p95_latency_ms <= 500) is distinct from (20 * over_500ms <= timed_requests)
            """.encode()
        )
        assert disagreeing.fetchall() == [{"windows": 0}]


def _compare_present(sky: Observatory, service: Service, seed: int) -> None:
    """Compare the budgets as they stand at the end of a stream."""
    with sky.at(service.now) as cursor:
        found = rows_of(cursor, "rpt_error_budget", "slo", "lookback")
        assert differences(found, service.budgets()) == [], f"{service.now}, seed {seed}"
