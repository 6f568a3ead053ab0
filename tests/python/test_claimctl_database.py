"""`claimctl database`: who blocks whom, and what is being built, while it happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from support.claimctl import claimctl, on
from support.databases import Database
from support.dbt_project import DbtProject
from support.documents import departures, documented

NO_RECORDER = "Nothing records statements. As a superuser: create extension pg_stat_statements;"


@pytest.fixture(autouse=True)
def _stranger(database: Database) -> Iterator[None]:
    """A login that may nothing; gone afterwards, because roles belong to the server."""
    database.execute("drop role if exists stranger; create role stranger login")
    yield
    database.execute("drop role stranger")


def look(database: Database, user: str = "postgres", seconds: str = "0.1") -> dict[str, Any]:
    """Return the document as a login sees it."""
    answer = claimctl("database", "--seconds", seconds, "--json", *on(database, user=user))
    assert answer.exit_code == 0, answer.stderr
    document: dict[str, Any] = answer.document
    assert list(departures(document, documented()["database"])) == []
    return document


def waiting(database: Database) -> None:
    """Wait until one session waits for another one's lock."""
    deadline = time.monotonic() + 10
    query = "select count(*) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0"
    while not database.value(query):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_who_blocks_whom(database: Database) -> None:
    """A transaction that sleeps holds up a writer, and he another one."""
    database.execute("insert into user_wallet_balances values ('anna', 1, null, now())")
    named = f"{database.dsn} application_name='till 7'"
    with psycopg.connect(named) as idle, database.connect() as first, database.connect() as second:
        idle.execute("update user_wallet_balances set streakshield_count = 2")
        pids = [each.info.backend_pid for each in (idle, first, second)]
        threads = []
        for writer in (first, second):
            update = "update user_wallet_balances set streakshield_count = streakshield_count + 1"
            threads.append(threading.Thread(target=writer.execute, args=[update]))
            threads[-1].start()
            waiting(database)
        deadline = time.monotonic() + 10
        while True:
            sessions = {row["pid"]: row for row in look(database)["sessions"]}
            if all(sessions.get(pid, {}).get("blocked_by") for pid in pids[1:]):
                break
            assert time.monotonic() < deadline
        blocker, waiter = sessions[pids[0]], sessions[pids[1]]
        assert (blocker["application"], blocker["login"]) == ("till 7", "postgres")
        assert (blocker["state"], blocker["blocked_by"]) == ("idle in transaction", [])
        assert pids[1] in blocker["blocks"]
        assert blocker["transaction_seconds"] is not None
        assert waiter["blocked_by"] == [pids[0]]
        assert waiter["waits_for"].startswith("Lock: ")
        assert "streakshield_count + 1" in waiter["statement"]
        # Who holds up most stands first; nothing of it is in the notes.
        assert look(database)["sessions"][0]["pid"] in pids[:2]
        in_words = claimctl("database", "--seconds", "0.1", *on(database)).stdout
        assert "till 7" in in_words
        assert "idle in transaction" in in_words

        # A login that may not see it all learns who blocks, and what it lacks.
        document = look(database, "stranger")
        hidden = {row["pid"]: row for row in document["sessions"]}[pids[0]]
        assert (hidden["state"], hidden["application"]) == ("hidden", "till 7")
        assert (hidden["statement"], hidden["transaction_seconds"]) == (None, None)
        assert pids[1] in hidden["blocks"]
        assert (hidden["is_endable"], blocker["is_endable"]) == (False, True)
        assert any("grant pg_read_all_stats to stranger;" in note for note in document["notes"])
        database.execute("grant pg_read_all_stats to stranger")
        document = look(database, "stranger")
        assert not any("pg_read_all_stats" in note for note in document["notes"])
        seen = {row["pid"]: row for row in document["sessions"]}[pids[0]]
        assert seen["state"] == "idle in transaction"
        database.execute("revoke pg_read_all_stats from stranger")
        idle.rollback()
        for thread in threads:
            thread.join()


def test_an_index_that_is_being_built_waits_for_older_transactions(database: Database) -> None:
    """Invalid is what is under construction, and what a build left behind: they are told apart."""
    create = "create index concurrently slow_idx on purchase_claims (claimed_at)"
    with database.connect(autocommit=False) as older, database.connect() as builder:
        older.execute("insert into purchase_claims values ('t', 'anna', 'hat', now())")
        failures: list[Exception] = []

        def build() -> None:
            try:
                builder.execute(create)
            except psycopg.Error as error:
                failures.append(error)

        thread = threading.Thread(target=build)
        thread.start()
        waiting(database)
        for login in ("postgres", "stranger"):
            (index,) = look(database, login)["index_builds"]
            assert (index["index_name"], index["state"]) == ("public.slow_idx", "being built")
            assert (index["table_name"], index["pid"]) == (
                "public.purchase_claims",
                builder.info.backend_pid,
            )
            assert index["blocked_by"] == [older.info.backend_pid]
            assert index["meaning"].endswith("Until they end it is invalid; leave it alone.")
        database.value(f"select pg_cancel_backend({builder.info.backend_pid})")
        thread.join()
        assert failures
    (index,) = look(database)["index_builds"]
    assert (index["state"], index["pid"], index["blocked_by"]) == ("invalid", None, [])
    assert "drop index concurrently public.slow_idx, and create it again" in index["meaning"]
    assert "public.slow_idx is invalid." in claimctl("database", *on(database)).stdout
    database.execute("drop index slow_idx")
    assert look(database)["index_builds"] == []


@pytest.mark.parametrize("is_recorded", [True, False])
def test_statements_now(database: Database, is_recorded: bool) -> None:
    """What ran before is no news; what runs meanwhile is shown with its time before."""
    if is_recorded:
        database.execute("create extension pg_stat_statements")
    database.rows("select count(*) from purchase_claims where sku = 'before'")
    query = "select count(*) from purchase_claims, pg_sleep(0.05) where sku = 'now'"
    database.rows(query)
    found: list[dict[str, Any]] = []
    stop = threading.Event()

    def ask() -> None:
        with database.connect() as connection:
            while not stop.is_set():
                connection.execute(query.encode())

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        document = look(database, seconds="1")
    finally:
        stop.set()
        thread.join()
    found = [each for each in document["statements"] if "purchase_claims" in each["statement"]]
    assert any(NO_RECORDER in note for note in document["notes"]) is not is_recorded
    if is_recorded:
        (statement,) = found
        assert statement["calls"] >= 1
        assert min(statement["mean_ms"], statement["mean_ms_before"]) >= 50
    else:
        assert found == []


def test_latency_by_the_minute(database: Database, dbt: DbtProject) -> None:
    """The last hour of the log, read live; a log that somebody locks is no end of the picture."""
    assert any("Run dbt build." in note for note in look(database)["notes"])
    outcome = dbt.build(
        *("--select", "+int_claim_requests", "+rpt_wallet_build"),
        *("--exclude-resource-type", "test"),
    )
    assert outcome.success, outcome.explain()
    database.execute(
        "insert into function_metrics (timestamp, function_name, status_code, duration_ms)"
        " select now() - n * interval '1 minute', 'claim', case n when 5 then 500 else 200 end,"
        " 100 * n from unnest(array[1, 1, 5, 90]) as n"
    )
    document = look(database)
    by_requests = [
        (row["requests"], row["errors"], row["p95_latency_ms"]) for row in document["latency"]
    ]
    assert by_requests == [(1, 1, 500), (2, 0, 100)]
    document = look(database, "stranger")
    assert document["latency"] == []
    assert any("grant claim_reader to stranger;" in note for note in document["notes"])
    with database.connect(autocommit=False) as locker:
        locker.execute("lock function_metrics")
        document = look(database)
        assert document["latency"] == []
        assert any("somebody locks it" in note for note in document["notes"])
