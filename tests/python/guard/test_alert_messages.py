"""Which message about an alert is due, decided in one place for all runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from support.guard import Guard

NOON = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)


def alert(state: str, minutes: int = 0, level: int | None = None, name: str = "a") -> Any:
    """An alert in a state since so many minutes after noon."""
    since = (NOON + timedelta(minutes=minutes)).isoformat()
    return {"alert": name, "state": state, "since": since, "escalation_level": level}


def claim(guard: Guard, *alerts: Any) -> list[tuple[str, int, int, int]]:
    """Claim what is due: alert, its incident's minute after noon, level, who was told so far."""
    with guard.connect() as connection:
        rows = connection.execute(
            "select alert, since, escalation_level, told_level"
            " from claim_ops.lease_alert_messages(%s)",
            [Jsonb(alerts)],
        ).fetchall()
    return [
        (name, round((since - NOON).total_seconds() / 60), level, told)
        for name, since, level, told in rows
    ]


def settle(guard: Guard, is_sent: bool, name: str = "a") -> None:
    """Settle every leased message of an alert."""
    guard.execute(
        f"""
        select claim_ops.settle_alert_message(
            alert, since, occurrence, escalation_level, leased_at, {is_sent}
        )
        from claim_ops.alert_notifications where alert = '{name}' and sent_at is null
        """
    )


def send(guard: Guard, *alerts: Any) -> list[tuple[str, int, int, int]]:
    """Claim what is due and say that it was sent."""
    due = claim(guard, *alerts)
    for name in {row[0] for row in due}:
        settle(guard, True, name)
    return due


def age(guard: Guard, minutes: int) -> None:
    """Let leases lie longer back."""
    guard.execute(
        "update claim_ops.alert_notifications"
        f" set leased_at = leased_at - interval '{minutes} minutes'"
    )


@pytest.mark.parametrize("state", ["ok", "pending", "no_data", "low_traffic"])
def test_what_does_not_fire_is_nobodys_concern(guard: Guard, state: str) -> None:
    assert claim(guard, alert(state, level=None)) == []


def test_one_message_on_firing_on_each_escalation_and_on_recovery(guard: Guard) -> None:
    states: list[tuple[str, int, int | None]] = [
        ("firing", 0, 1),
        ("firing", 0, 1),
        ("firing", 0, 2),
        ("firing", 0, 2),
        ("firing", 0, 3),
        ("ok", 70, None),
        ("ok", 70, None),
    ]
    told = [send(guard, alert(*state)) for state in states]
    assert told == [
        [("a", 0, 1, 1)],
        [],
        [("a", 0, 2, 2)],
        [],
        [("a", 0, 3, 3)],
        [("a", 0, 0, 3)],
        [],
    ]


def test_a_late_first_look_tells_every_level(guard: Guard) -> None:
    assert send(guard, alert("firing", 0, 2)) == [("a", 0, 1, 1), ("a", 0, 2, 2)]


def test_no_level_is_due_before_its_minutes(guard: Guard) -> None:
    assert claim(guard, alert("firing", 0, None)) == []


def test_alerts_do_not_mix(guard: Guard) -> None:
    assert send(guard, alert("firing", 0, 1), alert("ok", name="b")) == [("a", 0, 1, 1)]
    both = send(guard, alert("ok", 5), alert("firing", 4, 1, "b"))
    assert both == [("a", 0, 0, 1), ("b", 4, 1, 1)]


@pytest.mark.parametrize("state", ["no_data", "low_traffic"])
def test_silence_is_no_recovery(guard: Guard, state: str) -> None:
    send(guard, alert("firing", 0, 1))
    assert send(guard, alert(state, 9)) == []
    assert send(guard, alert("pending", 10)) == [("a", 0, 0, 1)]


def test_a_second_incident_is_told_anew_and_ends_the_first(guard: Guard) -> None:
    """It recovered and fires again, and nobody looked in between."""
    send(guard, alert("firing", 0, 2))
    last_look = NOON + timedelta(minutes=20)
    guard.execute(f"update claim_ops.alert_notifications set seen_firing_at = '{last_look}'")
    assert send(guard, alert("firing", 30, 1)) == [("a", 0, 0, 2), ("a", 30, 1, 1)]
    assert send(guard, alert("ok", 50)) == [("a", 30, 0, 1)]


def test_late_rows_make_no_second_incident(guard: Guard) -> None:
    send(guard, alert("firing", 0, 1))
    assert send(guard, alert("firing", 2, 1)) == []
    assert send(guard, alert("firing", -3, 2)) == [("a", 0, 2, 2)]
    assert send(guard, alert("ok", 50)) == [("a", 0, 0, 2)]


def test_a_recovered_incident_does_not_come_back(guard: Guard) -> None:
    """Late rows can say afterwards that it fired on: that is an incident to be told."""
    send(guard, alert("firing", 0, 1))
    send(guard, alert("ok", 10))
    assert send(guard, alert("firing", 12, 1)) == [("a", 12, 1, 1)]


def test_what_fires_again_since_the_same_minute_is_told_again(guard: Guard) -> None:
    """Late rows end an incident and begin it again: each time one message, then one of its end."""
    states: list[tuple[str, int, int | None]] = [
        ("firing", 0, 1),
        ("ok", 10, None),
        ("firing", 0, 1),
        ("firing", 0, 2),
        ("ok", 20, None),
        ("ok", 20, None),
        ("firing", 0, 3),
        ("ok", 30, None),
    ]
    told = [[row[2] for row in send(guard, alert(*state))] for state in states]
    assert told == [[1], [0], [1], [2], [0], [], [1, 2, 3], [0]]
    occurrences = "select distinct since, occurrence from claim_ops.alert_notifications order by 2"
    assert guard.rows(occurrences) == [(NOON, number) for number in (1, 2, 3)]


def test_a_recovery_that_nobody_was_told_of_does_not_hide_the_next(guard: Guard) -> None:
    send(guard, alert("firing", 0, 1))
    assert claim(guard, alert("ok", 10)) == [("a", 0, 0, 1)]
    assert send(guard, alert("firing", 0, 1)) == [("a", 0, 1, 1)]


def test_a_past_incident_is_left_alone(guard: Guard) -> None:
    """However many there were, a run touches none of their rows."""
    send(guard, alert("firing", 0, 2))
    send(guard, alert("ok", 10))
    rows = "select ctid::text, xmax::text from claim_ops.alert_notifications order by 1"
    before = guard.rows(rows)
    assert send(guard, alert("ok", 10)) == []
    assert guard.rows(rows) == before


def test_what_was_not_sent_is_due_again(guard: Guard) -> None:
    for _ in range(2):
        assert claim(guard, alert("firing", 0, 1)) == [("a", 0, 1, 1)]
        assert claim(guard, alert("firing", 0, 1)) == []
        settle(guard, False)
    assert send(guard, alert("ok", 5)) == []


def test_a_run_that_died_gives_its_claim_up(guard: Guard) -> None:
    assert claim(guard, alert("firing", 0, 1)) == [("a", 0, 1, 1)]
    age(guard, 4)
    assert claim(guard, alert("firing", 0, 1)) == []
    age(guard, 2)
    assert claim(guard, alert("firing", 0, 1)) == [("a", 0, 1, 1)]


def test_a_late_run_settles_nothing(guard: Guard) -> None:
    claim(guard, alert("firing", 0, 1))
    late = guard.value("select leased_at from claim_ops.alert_notifications")
    age(guard, 6)
    guard.execute("update claim_ops.alert_notifications set leased_at = clock_timestamp()")
    for is_sent in (True, False):
        guard.execute(
            "select claim_ops.settle_alert_message(alert, since, occurrence, escalation_level,"
            f" '{late}', {is_sent}) from claim_ops.alert_notifications"
        )
    assert guard.rows("select sent_at from claim_ops.alert_notifications") == [(None,)]


def test_runs_at_once_claim_a_message_once(guard: Guard, beside: ThreadPoolExecutor) -> None:
    runs = [beside.submit(claim, guard, alert("firing", 0, 3)) for _ in range(8)]
    leased = [message for run in runs for message in run.result()]
    assert sorted(leased) == [("a", 0, 1, 1), ("a", 0, 2, 2), ("a", 0, 3, 3)]


def test_a_run_waits_for_the_one_before_it(guard: Guard, beside: ThreadPoolExecutor) -> None:
    """Late rows moved the incident between two runs; the second knows it by what the first says."""
    with guard.connect(autocommit=False) as first:
        first.execute("select claim_ops.lease_alert_messages(%s)", [Jsonb([alert("firing", 0, 1)])])
        second = beside.submit(claim, guard, alert("firing", 1, 1))
        guard.wait_until("exists (select from pg_locks where not granted)")
        first.commit()
    assert second.result() == []


def test_another_isolation_level_is_refused(guard: Guard) -> None:
    with guard.refuses("CO009"), guard.connect(autocommit=False) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("select claim_ops.lease_alert_messages('[]')")
