"""Recovery, queue, override and kill switch on the command line: what people type and read."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.claimctl import Answer, claimctl
from support.guard import BOOSTER, CHECKER, MAKER, RUNNER, SHIELD, Guard, since_wednesday
from support.guard_templates import Guards

RECOVERY = ("plan", "recovery", "--from", "2020-01-01", "--reason", "outage")
SWITCH = ("plan", "kill-switch", "--reason", "every claim fails")


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands need no project: they run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def run(guard: Guard, user: str, *arguments: str) -> Answer:
    """Run a command as a login."""
    return claimctl(*arguments, "--dsn", guard.server.dsn(guard.name, user))


def said(guard: Guard, user: str, *arguments: str) -> str:
    """Return what a command that goes well says, with the blanks of its tables made one."""
    answer = run(guard, user, *arguments)
    assert answer.exit_code == 0, answer.stderr
    return re.sub(" +", " ", answer.stdout)


def refused(guard: Guard, user: str, *arguments: str, exit_code: int = 2) -> str:
    """Expect a refusal that changes nothing, and return its sentence."""
    before = guard.snapshot()
    answer = run(guard, user, *arguments)
    assert (answer.exit_code, guard.snapshot()) == (exit_code, before), answer.stderr
    return answer.stderr


def now() -> str:
    """Return this moment as it is typed."""
    return datetime.now(UTC).isoformat()


def test_a_recovery_from_beginning_to_end(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_wallet("bob")
    first = since_wednesday(weeks=6)
    guard.add_purchase("alice", "tx1", hours_ago=first)
    guard.add_purchase("alice", "tx2", hours_ago=first - 0.01)
    guard.add_purchase("bob", "tx3", sku=BOOSTER, hours_ago=24)
    guard.add_purchase("zoe", "tx4", status="TEST")
    made = said(guard, MAKER, *RECOVERY, "--to", now())
    for part in (
        "2 wallets (0 created, 0 deleted)",
        "streakshield 1 +1",
        f"claims {SHIELD} 1 0.99",
        f"claims {BOOSTER} 1 1.99",
        "left out no_payment 1 0.99",
        "left out over_cap 1 0.99",
        "max_net_quantity: 1 of at most 1000",
    ):
        assert part in made
    said(guard, CHECKER, "approve", "1", "--yes")
    said(guard, RUNNER, "apply", "1", "--yes")
    assert "as written 2" in said(guard, RUNNER, "verify", "1")
    lines = run(guard, MAKER, "show", "1", "--csv", "-").stdout
    rows = {
        (row["user_id"], row["state"], row["skipped_because"], row["claims"].split(" ")[0])
        for row in csv.DictReader(io.StringIO(lines))
    }
    assert rows == {
        ("alice", "applied", "", "tx1"),
        ("bob", "applied", "", "tx3"),
        ("alice", "left_out", "over_cap", "tx2"),
        ("zoe", "left_out", "no_payment", "tx4"),
    }
    document = run(guard, MAKER, "show", "1", "--json").document
    assert [(each["sku"], each["revenue"]) for each in document["purchases"]] == [
        (SHIELD, 0.99),
        (BOOSTER, 1.99),
    ]
    back = said(guard, MAKER, "rollback", "1", "--reason", "wrong range")
    assert f"claims taken back {SHIELD} 1 0.99" in back


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--reason", "x"], "Missing option '--from'"),
        (["--from", "2026-01-01", "--reason", "x"], "Missing option '--to'"),
        (["--from", "yesterday", "--to", "2026-01-01", "--reason", "x"], "no date or time; write"),
        (["--from", "2026-01-02", "--to", "2026-01-01", "--reason", "x"], "not after its start"),
        (["--from", "2026-01-01", "--to", "2999-01-01", "--reason", "x"], "in the future"),
    ],
)
def test_a_range_that_is_none(guard: Guard, options: list[str], sentence: str) -> None:
    assert sentence in refused(guard, MAKER, "plan", "recovery", *options)


def test_a_range_with_nothing_in_it_is_no_fault(guard: Guard) -> None:
    command = ("plan", "recovery", "--from", "2026-01-01", "--to", "2026-01-02", "--reason", "x")
    assert "no purchase without a claim between 2026-01-01" in refused(
        guard, MAKER, *command, exit_code=0
    )
    assert run(guard, MAKER, *command, "--json").document["plan_id"] is None


def test_a_date_is_in_utc_and_a_time_in_its_zone(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice", hours_ago=200)
    end = datetime.now(UTC) - timedelta(hours=1)
    local = end.astimezone().isoformat()
    limits = run(guard, MAKER, *RECOVERY, "--to", local, "--json").document["limits"]
    assert limits["from"] == "2020-01-01T00:00:00+00:00"
    assert datetime.fromisoformat(limits["to"]) == end


def test_an_override_with_all_that_it_needs(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    first = since_wednesday(weeks=2)
    guard.add_claims("alice", hours_ago=first)
    guard.add_purchase("alice", hours_ago=first - 0.01)
    command = ("plan", "override", "tx", "--user", "alice", "--reason", "boundary of the week")
    assert "Missing option '--ticket'" in refused(guard, MAKER, *command)
    assert "is of user alice, not of bob" in refused(
        guard, MAKER, *command[:4], "bob", *command[5:], "--ticket", "SUP-1"
    )
    made = said(guard, MAKER, *command, "--ticket", "SUP-1")
    assert f"claims {SHIELD} 1 0.99 1 over cap" in made
    assert "ticket SUP-1" in said(guard, MAKER, "show", "1")


def test_a_replay(guards: Guards) -> None:
    guard = guards.fresh({"settle_minutes": 0, "has_queued_purchases": True})
    guard.add_wallet("alice")
    guard.add_purchase("alice", table="queued_purchases")
    made = said(guard, MAKER, "plan", "queue", "--reason", "replay")
    assert f"claims {SHIELD} 1 0.99 1 not in the audit trail" in made


def test_without_a_queue(guard: Guard) -> None:
    assert "has_queued_purchases" in refused(guard, MAKER, "plan", "queue", "--reason", "x")


def test_the_switch_by_two_logins(guard: Guard) -> None:
    made = said(guard, MAKER, *SWITCH, "--off", "--sku", SHIELD)
    assert f"{SHIELD} on off" in made
    assert "WARNING" not in made
    said(guard, CHECKER, "approve", "1", "--yes")
    said(guard, RUNNER, "apply", "1", "--yes")
    assert f"{SHIELD} off" in said(guard, RUNNER, "status")
    assert "as written 1" in said(guard, RUNNER, "verify", "1")


def test_the_switch_at_once(guard: Guard) -> None:
    guard.execute(f"grant claim_planner to {RUNNER}")
    try:
        before = guard.rows("table store_config")
        answer = run(guard, RUNNER, *SWITCH, "--off", "--all", "--now")
        assert (answer.exit_code, guard.rows("table store_config")) == (2, before)
        assert "There is no terminal to confirm on" in answer.stderr
        done = said(guard, RUNNER, *SWITCH, "--off", "--all", "--now", "--yes")
    finally:
        guard.execute(f"revoke claim_planner from {RUNNER}")
    assert "Applied WITHOUT AN APPROVAL." in done
    assert "claimctl approve 2" in done
    status = said(guard, RUNNER, "status")
    assert "Plan 2 was applied WITHOUT AN APPROVAL by runner" in status
    assert f"{SHIELD} off" in status
    assert "WARNING: Applied without an approval by runner" in said(guard, RUNNER, "show", "2")
    assert "Plan 2 is approved afterwards." in said(guard, CHECKER, "approve", "2", "--yes")
    assert "WITHOUT AN APPROVAL" not in said(guard, RUNNER, "status")
    document = run(guard, RUNNER, "status", "--json").document
    assert document["switch"] == {SHIELD: "off", BOOSTER: "off"}


def test_what_a_pause_stops_not(guard: Guard) -> None:
    said(guard, MAKER, *SWITCH, "--off", "--sku", SHIELD)
    said(guard, MAKER, "pause", "--reason", "latency")
    done = said(guard, RUNNER, "apply", "1", "--break-glass", "claims fail", "--yes")
    assert "Plan 1: 1 applied, 0 skipped." in done


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--sku", SHIELD], "Say which way: either --off or --on."),
        (["--off"], "Say for what: --sku SKU, or --all."),
        (["--off", "--all", "--sku", SHIELD], "Say for what: --sku SKU, or --all."),
        (["--off", "--sku", "hat"], "unknown SKU 'hat'"),
    ],
)
def test_a_switch_of_nothing(guard: Guard, options: list[str], sentence: str) -> None:
    assert sentence in refused(guard, MAKER, *SWITCH, *options)


def test_a_switch_that_is_so_already_is_no_fault(guard: Guard) -> None:
    command = (*SWITCH, "--on", "--sku", SHIELD)
    assert "is on already" in refused(guard, MAKER, *command, exit_code=0)
    assert run(guard, MAKER, *command, "--json").document["plan_id"] is None


def test_glass_is_broken_for_the_switch_alone(guard: Guard) -> None:
    guard.add_short_wallet("anna")
    plan = str(guard.plan())
    command = ("apply", plan, "--break-glass", "hurry", "--yes")
    assert "no emergency lets it pass" in refused(guard, RUNNER, *command, exit_code=4)
