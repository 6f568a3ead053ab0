"""Two days of a service, minute by minute, against alert states written down beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.observatory import Observatory
from support.request_streams import Arrival, store
from support.service_rules import Request

START = datetime(2026, 6, 1, tzinfo=UTC)
END = START + timedelta(hours=48)


def at(text: str) -> datetime:
    """Return a time of the two days, such as 02:15 or, on the second, 16:05+1."""
    clock, _, day = text.partition("+")
    hours, minutes = clock.split(":")
    return START + timedelta(days=int(day or 0), hours=int(hours), minutes=int(minutes))


# What is other than ten good requests a minute: from the first minute to the last, with how many
# requests of how many are errors (500), slow (400 ms) or conflicts.
SCRIPT = (
    ("02:00", "02:09", "errors", 3, 10),  # 3 of 50 are 6 %: breaching until 4 minutes after it.
    ("04:00", "04:10", "errors", 3, 10),
    *((f"06:{start}0", f"06:{start}4", "errors", 3, 10) for start in range(6)),
    ("10:00", "10:29", "errors", 3, 10),
    ("10:30", "11:59", "errors", 0, 0),
    ("14:00", "14:24", "slow", 3, 10),
    ("16:00", "16:25", "slow", 3, 10),
    ("18:00", "18:09", "conflicts", 7, 10),
    ("20:00", "20:59", "errors", 0, 3),
    ("21:00", "21:29", "errors", 3, 3),
    ("21:30", "22:59", "errors", 0, 3),
    ("16:00+1", "23:59+1", "errors", 0, 0),
)

# The spans in which an alert is not ok, by the ends of their first and last minutes.
# Three requests a minute are judged over 7 minutes; silence is never ok.
SILENCE_OF_FIVE_MINUTES = [
    ("00:00", "00:00", "no_data", "no_data"),
    ("00:01", "00:01", "low_traffic", "low_traffic"),
    ("16:05+1", "00:00+2", "no_data", "no_data"),
]
EXPECTED = {
    "error_rate": [
        *SILENCE_OF_FIVE_MINUTES,
        # Fourteen minutes in a row fire nothing; the fifteenth does.
        ("02:01", "02:14", "pending", "breach"),
        ("04:01", "04:14", "pending", "breach"),
        ("04:15", "04:15", "firing", "breach"),
        # Flapping: nine minutes of each ten.
        *((f"06:{start}1", f"06:{start}9", "pending", "breach") for start in range(6)),
        # The service falls silent while the alert fires; only the first good minutes end it.
        ("10:01", "10:14", "pending", "breach"),
        ("10:15", "11:28", "firing", "breach"),
        ("11:29", "12:00", "firing", "no_data"),
        ("12:01", "12:01", "firing", "low_traffic"),
        # Three of three at night, until 7 minutes without one.
        ("21:01", "21:14", "pending", "breach"),
        ("21:15", "21:36", "firing", "breach"),
    ],
    "latency": [
        *SILENCE_OF_FIVE_MINUTES,
        ("10:35", "12:00", "no_data", "no_data"),
        ("12:01", "12:01", "low_traffic", "low_traffic"),
        # Twenty-nine minutes against thirty.
        ("14:01", "14:29", "pending", "breach"),
        ("16:01", "16:29", "pending", "breach"),
        ("16:30", "16:30", "firing", "breach"),
    ],
    "conflict_rate": [
        ("00:00", "00:00", "no_data", "no_data"),
        ("00:01", "00:01", "low_traffic", "low_traffic"),
        ("11:29", "11:29", "low_traffic", "low_traffic"),
        ("11:30", "12:00", "no_data", "no_data"),
        ("12:01", "12:01", "low_traffic", "low_traffic"),
        # 63 of 600 are more than 10 %, 60 would not be.
        ("18:09", "19:01", "firing", "breach"),
        ("16:59+1", "16:59+1", "low_traffic", "low_traffic"),
        ("17:00+1", "00:00+2", "no_data", "no_data"),
    ],
    "fast_burn": [
        *SILENCE_OF_FIVE_MINUTES,
        # 9 of 600 are 15 times the budget, over the hour; the 5 minutes say when it is over.
        ("02:03", "02:14", "firing", "breach"),
        ("04:03", "04:15", "firing", "breach"),
        ("06:03", "06:09", "firing", "breach"),
        *((f"06:{start}1", f"06:{start}9", "firing", "breach") for start in range(1, 6)),
        ("10:03", "11:28", "firing", "breach"),
        ("11:29", "12:00", "firing", "no_data"),
        ("12:01", "12:01", "firing", "low_traffic"),
        # 3 of the hour's 180 are more than 14.4 times the budget.
        ("21:01", "21:36", "firing", "breach"),
    ],
}


def test_alerts_replay_two_days_as_written_down(database: Database, dbt: DbtProject) -> None:
    sky = Observatory(database, dbt, {})
    with database.connect() as connection:
        store(connection, [Arrival(request, END) for request in requests()])
    sky.build(END)
    with sky.at(END) as cursor:
        rows = cursor.execute(
            "select alert, judged_at, state, signal"
            f" from {MODELS_SCHEMA}.int_alert_minutes".encode()
        ).fetchall()
    found = {
        (row["alert"], row["judged_at"]): (row["state"], row["signal"])
        for row in rows
        if row["alert"] in EXPECTED
    }
    expected = dict(minutes())
    assert {key: found.get(key) for key in expected if found.get(key) != expected[key]} == {}
    assert len(found) == len(expected) == 4 * (48 * 60 + 1)


def minutes() -> Iterator[tuple[tuple[str, datetime], tuple[str, str]]]:
    """Yield the table above minute by minute, ok where it says nothing."""
    for alert, spans in EXPECTED.items():
        states = {}
        for first, last, *state in spans:
            for minute in every_minute(at(first), at(last)):
                assert minute not in states
                states[minute] = (state[0], state[1])
        for minute in every_minute(START, END):
            yield (alert, minute), states.get(minute, ("ok", "ok"))


def requests() -> Iterator[Request]:
    """Yield what the script says, minute by minute."""
    unusual = {
        minute: (kind, some, all_)
        for first, last, kind, some, all_ in SCRIPT
        for minute in every_minute(at(first), at(last))
    }
    for minute in every_minute(START, END - timedelta(minutes=1)):
        kind, some, all_ = unusual.get(minute, ("errors", 0, 10))
        for number in range(all_):
            moment = minute + number * timedelta(seconds=6)
            yield request(moment, kind if number < some else "good")


def request(moment: datetime, kind: str) -> Request:
    """Return a request that went so."""
    status, milliseconds, error_code = {
        "good": (200, 300.0, None),
        "slow": (200, 400.0, None),
        "errors": (500, 100.0, "internal_error"),
        "conflicts": (409, 100.0, "cap_exceeded"),
    }[kind]
    return Request(moment, "claim", status, milliseconds, error_code)


def every_minute(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the minutes from the first to the last."""
    while first <= last:
        yield first
        first += timedelta(minutes=1)
