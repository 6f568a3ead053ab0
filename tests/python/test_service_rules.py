"""The models against the rules of service health, computed a second time over random streams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.rows import dict_row
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.halves import half_of_today
from support.observatory import Observatory
from support.refilled import fill
from support.request_streams import Stream, store, streams
from support.service_rules import Build, Row, Service, World

FIRST = datetime(2026, 3, 29, 0, 40, tzinfo=UTC)  # Twenty minutes before Berlin's clocks change.
MODELS = ("int_alert_minutes", "rpt_claim_conflicts_rolling", "rpt_error_budget")
COUNTED = "int_request_periods"
HISTORIES = {
    "int_alert_minutes": ("alert", "judged_at"),
    "rpt_slo_windows": ("window_start",),
    "rpt_claim_service_health": ("hour",),
    "v_claim_conflicts_rolling": ("hour",),
}
# The same each time, so that the edges are reached; or new, and replayed where one failed.
FIXED = settings(max_examples=80, derandomize=True, database=None)
FRESH = settings(max_examples=60, print_blob=True)

WORLDS = {"plain": World(), "without_error_codes": World(has_error_code=False, deduplicates=True)}


def _observatory(database: Database, dbt: DbtProject, world: World) -> Observatory:
    vars: dict[str, Any] = {"deduplicate_metrics": world.deduplicates}
    if not world.has_error_code:
        vars["claim_service_columns"] = {"function_metrics": {"error_code": None}}
    return Observatory(database, dbt, vars)


def rows_of(connection: psycopg.Connection[Row], relation: str, *grain: str) -> dict[Any, Row]:
    """Return a relation's rows by their grain, which must be unique."""
    rows = connection.execute(f"select * from {MODELS_SCHEMA}.{relation}".encode()).fetchall()
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
        found[name] == value or (isinstance(value, float) and found[name] == pytest.approx(value))
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


def keep_builds(connection: psycopg.Connection[Any], builds: list[Build]) -> None:
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
    _assert_edges_are_reached(_compare(database, dbt, WORLDS[world], FIXED))


@pytest.mark.slow
@pytest.mark.parametrize("world", half_of_today(WORLDS))
def test_models_agree_with_the_rules_over_fresh_streams(
    world: str, database: Database, dbt: DbtProject
) -> None:
    _compare(database, dbt, WORLDS[world], FRESH)


def _compare(
    database: Database, dbt: DbtProject, world: World, how: settings
) -> dict[str, set[Any]]:
    """Hold every row of every model against the rules; return the states that were reached."""
    sky = _observatory(database, dbt, world)
    models = [f"+{model}" for model in MODELS]
    # The first build counts all, the others what may have changed.
    counts = [sky.build(FIRST, *each).nodes[COUNTED].node for each in (models, [COUNTED])]
    found: dict[str, set[Any]] = defaultdict(set)

    with psycopg.connect(database.dsn, autocommit=True, row_factory=dict_row) as connection:
        connection.execute(f"create temp table anew (like {MODELS_SCHEMA}.{COUNTED})".encode())

        @settings(how, deadline=None, suppress_health_check=list(HealthCheck))
        @given(streams(FIRST))
        def agree(stream: Stream) -> None:
            with connection.transaction(force_rollback=True):
                keep_builds(connection, stream.builds)
                _count(connection, stream, counts)
                found["counted again"].add(stream.is_counted_again())
                for now in stream.looks:
                    _set_clock(connection, now)
                    service = Service(world, stream.requests, stream.builds, now)
                    if now == stream.end:
                        _compare_history(connection, service, found)
                    _compare_present(connection, service, found)

        agree()
    return found


def _count(connection: psycopg.Connection[Row], stream: Stream, counts: list[Any]) -> None:
    """Let the requests arrive, and be counted as each build counts those that have."""
    rest = stream.arrivals
    for number, moment in enumerate(stream.counted_at):
        store(connection, [each for each in rest if each.arrives_at < moment])
        rest = [each for each in rest if each.arrives_at >= moment]
        _set_clock(connection, moment)
        connection.execute("truncate anew")
        fill("anew", counts[min(number, 1)], connection)
        counted = f"{MODELS_SCHEMA}.{COUNTED}"
        connection.execute(
            f"delete from {counted} as counted using anew"
            " where counted.period = anew.period and counted.started_at = anew.started_at".encode()
        )
        connection.execute(f"insert into {counted} select * from anew where requests > 0".encode())
    store(connection, rest)


def _set_clock(connection: psycopg.Connection[Row], now: datetime) -> None:
    connection.execute("select set_config('clock.now', %s, true)", [now.isoformat()])


def _compare_history(
    connection: psycopg.Connection[Row], service: Service, reached: dict[str, set[Any]]
) -> None:
    """Compare every minute, window and hour."""
    expected = {
        "int_alert_minutes": by_minute(service),
        "rpt_slo_windows": by_time(service.windows()),
        "rpt_claim_service_health": by_time(service.hours()),
        "v_claim_conflicts_rolling": by_time(service.conflicts()),
    }
    for relation, rows in expected.items():
        found = rows_of(connection, relation, *HISTORIES[relation])
        assert differences(found, rows) == [], relation
    # The percentile and the share say the same, at every limit.
    disagreeing = connection.execute(
        f"""
        select count(*) as windows
        from {MODELS_SCHEMA}.rpt_slo_windows
        where timed_requests > 0
            and (p95_latency_ms <= 500) is distinct from (20 * over_500ms <= timed_requests)
        """.encode()
    )
    assert disagreeing.fetchall() == [{"windows": 0}]
    for (alert, _), row in expected["int_alert_minutes"].items():
        reached[f"alert {alert}"].add((row["state"], row["signal"]))
    for row in expected["rpt_slo_windows"].values():
        reached["windows"].add((row["error_rate_met"], row["latency_met"]))


def _compare_present(
    connection: psycopg.Connection[Row], service: Service, reached: dict[str, set[Any]]
) -> None:
    """Compare the budgets as they stand."""
    expected = service.budgets()
    found = rows_of(connection, "rpt_error_budget", "slo", "lookback")
    assert differences(found, expected) == [], service.now
    for (slo, lookback), row in expected.items():
        reached[f"slo {slo}"].add((lookback, row["state"]))


def _assert_edges_are_reached(reached: dict[str, set[Any]]) -> None:
    """Each alert fires and ends, each objective is met and missed, late rows are counted again."""
    for alert in ("error_rate", "latency", "conflict_rate", "fast_burn", "wallets_match_claims"):
        states = {state for state, _ in reached[f"alert {alert}"]}
        assert states >= {"firing", "ok", "no_data"}, alert
    for alert in ("error_rate", "latency"):
        assert ("pending", "breach") in reached[f"alert {alert}"]
    # What fires goes on where nobody knows better.
    fires = set.union(*(each for name, each in reached.items() if name.startswith("alert")))
    assert {signal for state, signal in fires if state == "firing"} >= {"breach", "no_data"}
    for slo in ("availability", "latency", "error_rate", "accuracy"):
        assert {state for _, state in reached[f"slo {slo}"]} == {"met", "missed", "no_data"}, slo
    assert reached["windows"] >= {(True, True), (True, False), (False, True), (None, None)}
    assert reached["counted again"] == {True, False}
