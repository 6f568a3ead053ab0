"""`--json`: each command prints the document whose shape stands in docs/json.md."""

from __future__ import annotations

import pytest
from support.alerts import put_alerts_in_place, set_alert
from support.claimctl import claimctl, on
from support.documents import departures, documented
from support.guard import ALERTER, BOOSTER, CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import Guards

RECOVERY = ["plan", "recovery", "--from", "2020-01-01", "--to", "2021-01-01", "--reason", "why"]
# Command, login and arguments, in an order in which each has something to say.
COMMANDS: list[tuple[str, str, list[str]]] = [
    ("plan", MAKER, ["plan", "wallets", "--reason", "why", "--raise", "max_affected_share=1"]),
    ("plan, with nothing to do", MAKER, RECOVERY),
    ("approve, reject", CHECKER, ["approve", "1", "--yes"]),
    ("apply", RUNNER, ["apply", "1", "--yes"]),
    ("verify", RUNNER, ["verify", "1"]),
    ("verify --journal", RUNNER, ["verify", "--journal"]),
    ("plan", MAKER, ["plan", "queue", "--reason", "why"]),
    ("plan", MAKER, ["plan", "kill-switch", "--off", "--all", "--reason", "why"]),
    ("apply", RUNNER, ["apply", "4", "--break-glass", "why", "--yes"]),
    ("verify", RUNNER, ["verify", "4"]),
    ("plan", MAKER, ["rollback", "1", "--reason", "why"]),
    ("show", MAKER, ["show", "1"]),
    ("show", MAKER, ["show", "3"]),
    ("show", MAKER, ["show", "4"]),
    ("approve, reject", CHECKER, ["reject", "3", "--reason", "why"]),
    ("plans", MAKER, ["plans"]),
    ("pause, resume", RUNNER, ["pause", "--reason", "why"]),
    ("status", MAKER, ["status"]),
    ("pause, resume", RUNNER, ["resume", "--reason", "why"]),
    ("explain", MAKER, ["explain", "alice"]),
    ("explain", MAKER, ["explain", "bob"]),
    ("doctor", "postgres", ["doctor"]),
    ("alerts", ALERTER, ["alerts"]),
]


@pytest.fixture(scope="module")
def filled(guards: Guards) -> Guard:
    """A user who is owed a shield and holds a booster, one in the queue, and alerts."""
    guard = guards.fresh({"settle_minutes": 0, "has_queued_purchases": True})
    guard.add_short_wallet("alice")
    guard.add_purchase("alice", "paid")
    guard.add_wallet("bob", booster_hours=1)
    guard.add_claims("bob", sku=BOOSTER, hours_ago=24)
    guard.add_purchase("bob", "queued", table="queued_purchases")
    guard.add_purchase("bob", "hat", sku="hat", table="queued_purchases")
    put_alerts_in_place(guard)
    set_alert(guard, "error_rate", "firing", level=2)
    return guard


def test_each_command_prints_its_documented_shape(filled: Guard, subtests: pytest.Subtests) -> None:
    shapes, seen = documented(), set()
    for name, login, arguments in COMMANDS:
        answer = claimctl(*arguments, "--json", *on(filled, user=login))
        seen.add(name)
        with subtests.test(" ".join(arguments)):
            assert answer.stdout, answer.stderr
            assert list(departures(answer.document, shapes[name])) == []
    assert seen == shapes.keys() - {"probe"}


def test_a_departure_is_found() -> None:
    shape = {"at": "time or null", "rows": [{"n": "integer"}], "share": "number"}
    right = {"at": "2026-03-01T12:00:00+00:00", "rows": [{"n": 1}, {"n": 2}], "share": 1}
    assert list(departures(right, shape)) == []
    for wrong in (
        {**right, "at": "2026-03-01 12:00:00"},
        {**right, "rows": [{"n": True}]},
        {**right, "rows": [{"n": 1, "more": 2}]},
        {**right, "share": None},
        {**right, "other": 1},
    ):
        assert list(departures(wrong, shape)), wrong
