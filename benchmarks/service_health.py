"""Service health over a month of requests: what an added hour costs, how long alerts take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

import psycopg
from psycopg import sql

from benchmarks.data import settle
from benchmarks.figures import Figure
from benchmarks.service import Service

HISTORY_HOURS = 30 * 24
# The last hours are those of 100 million requests a month, whatever the history before them: what
# a build counts again and what the views read live is the same.
RECENT_HOURS = 5
RECENT_PER_HOUR = 100_000_000 // HISTORY_HOURS
REQUESTS = """
insert into function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)
select
    date_trunc('hour', now())
    + (%(from_hour)s + (%(hours)s * n)::float8 / %(rows)s) * interval '1 hour',
    'claim',
    case when n %% 1000 = 0 then 500 when n %% 50 = 0 then 409 else 200 end,
    40 - 60 * ln(1 - random()),
    case when n %% 1000 = 0 then 'internal_error' when n %% 50 = 0 then 'cap_exceeded' end
from generate_series(0::bigint, %(rows)s - 1) as n
"""
INDEX = 'create index function_metrics_timestamp_idx on function_metrics ("timestamp")'
PERIODS = "int_request_periods"


def measure(service: Service) -> Iterator[Figure]:
    """Measure after each history."""
    added: list[float] = []
    with service.connect() as connection:
        for size in service.sizes.requests:
            _fill(connection, size)
            service.dbt("run", "--select", "staging", "service", "fct_wallet_balance_history")
            _insert(connection, -1, 1, RECENT_PER_HOUR)
            _insert(connection, 0, 1, RECENT_PER_HOUR)
            settle(connection)
            added.append(median(_added_hour(service, connection) for _ in range(service.runs)))
            name = f"an added hour after {size:,} requests"
            yield Figure(name, added[-1], 1.5, reference=added[0])
            seconds = [_alerts(connection) for _ in range(service.runs)]
            yield Figure(f"rpt_alerts over {size:,} requests", median(seconds), 1)
        connection.execute("truncate function_metrics")


def _fill(connection: psycopg.Connection, size: int) -> None:
    """Make 30 days of requests, but for the last whole hour and the one that runs."""
    connection.execute("truncate function_metrics")
    connection.execute("drop index if exists function_metrics_timestamp_idx")
    _insert(connection, -HISTORY_HOURS, HISTORY_HOURS - RECENT_HOURS, size)
    _insert(connection, -RECENT_HOURS, RECENT_HOURS - 1, (RECENT_HOURS - 1) * RECENT_PER_HOUR)
    connection.execute(INDEX)
    settle(connection)
    connection.execute("drop table if exists dbt_claim_reconciliation.int_request_periods cascade")


def _insert(connection: psycopg.Connection, from_hour: int, hours: int, rows: int) -> None:
    values = {"from_hour": from_hour, "hours": hours, "rows": rows}
    psycopg.ClientCursor(connection).execute(REQUESTS, values)


def _added_hour(service: Service, connection: psycopg.Connection) -> float:
    """Return the seconds of a build that finds one more hour than the one before it."""
    connection.execute(
        sql.SQL("delete from dbt_claim_reconciliation.{} where started_at >= {}").format(
            sql.Identifier(PERIODS), sql.SQL("date_trunc('hour', now()) - interval '1 hour'")
        )
    )
    times = service.dbt("run", "--select", PERIODS)
    return next(seconds for node, seconds in times.items() if node.endswith(PERIODS))


def _alerts(connection: psycopg.Connection) -> float:
    start = time.perf_counter()
    rows = connection.execute("select * from dbt_claim_reconciliation.rpt_alerts").fetchall()
    assert len(rows) > 0
    return time.perf_counter() - start
