"""`--json`: each command prints the document whose shape stands in docs/json.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.alerts import put_alerts_in_place, set_alert
from support.claimctl import claimctl, on
from support.documents import departures, documented
from support.guard import ALERTER, BOOSTER, CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import Guards

# They need a claim function, or built models, and are held to their shapes beside those.
ELSEWHERE = {"probe", "analyse"}
ALICE = "5b1f6f0e-8f0c-4a53-9d0a-2f3f2f1f9c11"
# What a person would copy or compare: on a terminal of 80 columns, none of it is cut or folded.
IDENTIFYING = {
    "plans": "plan_id kind state lines made_by made_at approved_by verified_at",
    "show": "plan_id kind state digest made_by made_at user_id tx_id sku item skipped_because",
    "status": "plan_id kind state made_by expires_at verified_at changed_by",
    "explain": "user_id tx_id sku item claimed_at purchased_at window_start kind decided_at",
    "alerts": "alert state severity",
    "verify --journal": "hash",
    "doctor": "check state",
    "database": "pid login state",
}
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
    ("export", MAKER, ["export", "1", "evidence"]),
    ("pause, resume", RUNNER, ["pause", "--reason", "why"]),
    ("status", MAKER, ["status"]),
    ("pause, resume", RUNNER, ["resume", "--reason", "why"]),
    ("explain", MAKER, ["explain", ALICE]),
    ("explain", MAKER, ["explain", "bob"]),
    ("analyse, without a name", MAKER, ["analyse"]),
    ("doctor", "postgres", ["doctor"]),
    ("alerts", ALERTER, ["alerts"]),
    ("database", MAKER, ["database", "--seconds", "0.1"]),
    ("report", MAKER, ["report", "page.html"]),
    ("watch", MAKER, ["watch"]),
    ("lake snapshot", "postgres", ["lake", "snapshot", "lake"]),
]


@pytest.fixture(scope="module")
def filled(guards: Guards) -> Guard:
    """A user who is owed a shield and holds a booster, one in the queue, and alerts."""
    guard = guards.fresh({"settle_minutes": 0, "has_queued_purchases": True})
    guard.add_short_wallet(ALICE)
    guard.add_purchase(ALICE, "paid")
    guard.add_wallet("bob", booster_hours=1)
    guard.add_claims("bob", sku=BOOSTER, hours_ago=24)
    guard.add_purchase("bob", "queued", table="queued_purchases")
    guard.add_purchase("bob", "hat", sku="hat", table="queued_purchases")
    put_alerts_in_place(guard)
    set_alert(guard, "error_rate", "firing", level=2)
    return guard


def identifying(document: Any, names: set[str]) -> Iterator[str]:
    """Return the values of these keys, wherever they stand, times as a table shows them."""
    if isinstance(document, list):
        for each in document:
            yield from identifying(each, names)
    elif isinstance(document, dict):
        for name, value in document.items():
            if isinstance(value, dict | list):
                yield from identifying(value, names)
            elif name in names and value is not None:
                is_time = name.endswith(("_at", "_start"))
                yield str(value).replace("T", " ")[:19] if is_time else str(value)


def test_each_command_prints_its_documented_shape(
    filled: Guard, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("claimctl.output.UNLIMITED_WIDTH", 80)
    shapes, seen = documented(), set()
    for name, login, arguments in COMMANDS:
        # The server ends a session a moment after its client: `database` would show it once.
        filled.wait_until(
            "not exists (select from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid())"
        )
        answer = claimctl(*arguments, "--json", *on(filled, user=login))
        seen.add(name)
        with subtests.test(" ".join(arguments)):
            assert answer.stdout, answer.stderr
            assert list(departures(answer.document, shapes[name])) == []
        if name in IDENTIFYING:
            shown = claimctl(*arguments, *on(filled, user=login)).stdout
            for value in set(identifying(answer.document, set(IDENTIFYING[name].split()))):
                with subtests.test(" ".join(arguments), value=value):
                    assert value in shown
    assert seen == shapes.keys() - ELSEWHERE


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
