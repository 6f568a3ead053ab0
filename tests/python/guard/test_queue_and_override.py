"""The queue of an outage, replayed once and in order; one purchase past its cap, for support."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from support.dbt_project import DbtProject
from support.guard import BOOSTER, SHIELD, Guard, since_wednesday
from support.guard_templates import NOTHING_TO_SETTLE, Guards

QUEUE = "queued_purchases"
DAY = 24


@pytest.fixture
def queued(guards: Guards) -> Guard:
    """A database whose guard knows the queue."""
    return guards.fresh({"settle_minutes": 0, "has_queued_purchases": True})


def replayed(guard: Guard, **arguments: Any) -> int:
    """Plan, approve and apply a replay; return the plan."""
    plan = guard.approve(guard.make("plan_queue", **arguments))
    guard.apply(plan)
    return plan


def override(guard: Guard, tx_id: str | None = "tx", user_id: str = "alice", **more: Any) -> int:
    """Plan an override."""
    arguments = {"ticket": "SUP-1", **more}
    return guard.make("plan_override", tx_id=tx_id, user_id=user_id, **arguments)


# The queue


def test_a_queued_purchase_is_claimed_and_credited(queued: Guard) -> None:
    queued.add_wallet("alice")
    queued.add_purchase("alice", hours_ago=5, table=QUEUE)
    queued.add_purchase("alice", hours_ago=6)
    plan = replayed(queued)
    assert queued.shields("alice") == 1
    assert queued.rows(
        """
        select tx_id, sku, round(extract(epoch from now() - claimed_at) / 3600)::int
        from purchase_claims
        """
    ) == [("tx", SHIELD, 6)]
    assert queued.rows("table claim_ops.plan_claims") == [("tx", plan, "queue_replay")]
    with queued.refuses("CO014") as caught:
        queued.make("plan_queue")
    assert "no event in the queue lacks its claim" in str(caught.value)


def test_an_event_that_came_twice_counts_once_as_it_came_first(queued: Guard) -> None:
    queued.add_wallet("alice")
    for hours in (5, 7, 6):
        queued.add_purchase("alice", sku=BOOSTER, hours_ago=hours, table=QUEUE)
    plan = replayed(queued)
    assert queued.lines(plan) == {"alice": "applied"}
    assert queued.rows(
        "select round(extract(epoch from now() - claimed_at) / 3600)::int from purchase_claims"
    ) == [(7,)]
    assert queued.value(
        "select xp_booster_until = claimed_at + interval '168 hours'"
        " from user_wallet_balances join purchase_claims using (user_id)"
    )


def test_garbage_is_left_out_by_name(queued: Guard) -> None:
    """Whatever lies in the queue, the good ones are replayed and the others named."""
    for column in ("tx_id", "user_id", "sku"):
        queued.execute(f"alter table {QUEUE} alter column {column} drop not null")
    for tx_id, user, sku in (
        ("good", "alice", SHIELD),
        (None, "alice", SHIELD),
        ("nobody's", None, SHIELD),
        ("of nothing", "alice", None),
        ("of a hat", "alice", "hat"),
        ("two users'", "alice", SHIELD),
        ("two users'", "bob", SHIELD),
        ("two skus", "alice", SHIELD),
        ("two skus", "alice", BOOSTER),
        ("audited as bob's", "alice", SHIELD),
        ("audited as a booster", "alice", SHIELD),
        ("refunded", "alice", SHIELD),
        ("a test", "alice", SHIELD),
        ("claimed", "alice", SHIELD),
    ):
        queued.add_purchase(user, tx_id, sku=sku, table=QUEUE)
    queued.add_purchase("bob", "audited as bob's")
    queued.add_purchase("alice", "audited as a booster", sku=BOOSTER)
    queued.add_purchase("alice", "refunded")
    queued.add_purchase("alice", "refunded", status="REFUND", hours_ago=1)
    queued.add_purchase("alice", "a test", status="TEST")
    queued.execute(
        f"insert into purchase_claims values ('claimed', 'zoe', '{SHIELD}', '2026-01-01')"
    )
    plan = replayed(queued)
    assert queued.left_out(plan) == {
        None: "no_tx_id",
        "nobody's": "no_user",
        "of nothing": "unknown_sku",
        "of a hat": "unknown_sku",
        "two users'": "conflicting_users",
        "two skus": "conflicting_skus",
        "audited as bob's": "conflicting_users",
        "audited as a booster": "conflicting_skus",
        "refunded": "refunded",
        "a test": "no_payment",
    }
    assert queued.shields("alice") == 1


def test_caps_hold_in_the_order_of_purchases(queued: Guard) -> None:
    queued.add_wallet("alice")
    at = datetime(2026, 6, 2, tzinfo=UTC)
    for number, minute in ((1, 2), (2, 1)):
        queued.add_purchase("alice", f"tx{number}", table=QUEUE)
        queued.execute(
            f"update {QUEUE} set received_at = '{at}'::timestamptz + interval '{minute} minutes'"
            f" where tx_id = 'tx{number}'"
        )
    assert queued.left_out(queued.make("plan_queue")) == {"tx1": "over_cap"}
    assert queued.left_out(queued.make("plan_queue", include_over_cap=True)) == {}


def test_an_event_that_nobody_audited_is_marked(queued: Guard) -> None:
    queued.add_wallet("alice")
    queued.add_purchase("alice", table=QUEUE)
    queued.make("plan_queue")
    assert (
        queued.value("select details -> 'claims' -> 0 ->> 'unaudited' from claim_ops.plan_lines")
        == "true"
    )


def test_an_event_that_is_gone_is_skipped(queued: Guard) -> None:
    queued.add_wallet("alice")
    queued.add_purchase("alice", table=QUEUE)
    plan = queued.approve(queued.make("plan_queue"))
    queued.execute(f"delete from {QUEUE}")
    assert queued.apply(plan)["reasons"] == {"no_purchase": 1}


def test_a_young_event_waits(guards: Guards) -> None:
    guard = guards.fresh({"has_queued_purchases": True})
    guard.add_wallet("alice")
    guard.add_purchase("alice", hours_ago=2.9, table=QUEUE)
    with guard.refuses("CO014") as caught:
        guard.make("plan_queue")
    assert "in_flight 1" in str(caught.value)


def test_a_rollback_of_a_replay(queued: Guard) -> None:
    queued.add_wallet("alice")
    queued.add_purchase("alice", table=QUEUE)
    plan = replayed(queued)
    queued.apply(queued.roll_back(plan))
    assert (queued.shields("alice"), queued.rows("table purchase_claims")) == (0, [])
    assert queued.lines(queued.make("plan_queue")) == {"alice": "pending"}


def test_without_a_queue_the_setting_is_named(guard: Guard) -> None:
    with guard.refuses("CO013", "queued_purchases"):
        guard.make("plan_queue")


# The override


def test_a_purchase_beyond_its_cap_is_given(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    first = since_wednesday(weeks=2)
    guard.add_claims("alice", hours_ago=first)
    guard.add_purchase("alice", hours_ago=first - 0.01)
    plan = guard.approve(override(guard))
    guard.apply(plan)
    assert guard.shields("alice") == 2
    assert guard.rows("table claim_ops.plan_claims") == [("tx", plan, "cap_override")]
    limits = guard.value("select limits from claim_ops.plans")
    assert (limits["ticket"], limits["tx_id"], limits["user_id"]) == ("SUP-1", "tx", "alice")
    assert guard.value("select details -> 'claims' -> 0 -> 'over_cap' from claim_ops.plan_lines")
    guard.apply(guard.roll_back(plan))
    assert guard.shields("alice") == 1
    assert guard.value("select count(*) from purchase_claims where tx_id = 'tx'") == 0


def test_it_works_for_a_user_without_wallet(guard: Guard) -> None:
    guard.add_purchase("alice", sku=BOOSTER, hours_ago=24)
    guard.apply(guard.approve(override(guard)))
    assert guard.shields("alice") == 0
    assert (
        guard.value(
            "select round(extract(epoch from xp_booster_until - now()) / 3600)"
            " from user_wallet_balances"
        )
        == 144
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "there is no purchase tx in audit_purchases"),
        ([{"user_id": "bob"}], "purchase tx is of user bob, not of alice"),
        ([{}, {"status": "REFUND", "hours_ago": 1}], "it is refunded"),
        ([{"status": "TEST"}], "its status TEST is no payment"),
        ([{"sku": "hat"}], "its SKU hat is not in the catalogue"),
        ([{}, {"user_id": "bob"}], "names several users"),
        ([{}, {"sku": BOOSTER}], "names several SKUs"),
    ],
)
def test_what_no_override_gives(guard: Guard, rows: list[dict[str, Any]], said: str) -> None:
    guard.add_wallet("alice")
    for row in rows:
        guard.add_purchase(**{"user_id": "alice", **row})
    with guard.refuses("CO013", "claimctl explain alice") as caught:
        override(guard)
    assert said in str(caught.value)


def test_what_is_claimed_is_given_already(guard: Guard) -> None:
    guard.add_purchase("alice")
    guard.execute(f"insert into purchase_claims values ('tx', 'bob', '{SHIELD}')")
    with guard.refuses("CO013") as caught:
        override(guard)
    assert "purchase tx is claimed already, by user bob" in str(caught.value)


def test_what_the_store_still_retries_waits(guard_that_waits: Guard) -> None:
    guard_that_waits.add_purchase("alice", hours_ago=2)
    with guard_that_waits.refuses("CO013") as caught:
        override(guard_that_waits)
    assert "the store still retries" in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [{"ticket": None}, {"ticket": " "}, {"reason": ""}, {"tx_id": None}]
)
def test_reason_ticket_and_purchase_are_mandatory(guard: Guard, arguments: dict[str, Any]) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    with guard.refuses("CO013"):
        override(guard, **arguments)


def test_a_wallet_that_disagrees_comes_first(guard: Guard) -> None:
    guard.add_wallet("alice", 5)
    guard.add_purchase("alice")
    with guard.refuses("CO014", "claimctl explain alice") as caught:
        override(guard)
    assert "purchase tx is left out: wallet_disagrees" in str(caught.value)


# The runbook's check


def test_wallet_integrity_by_the_runbooks_columns(guard: Guard) -> None:
    guard.add_wallet("right", 2)
    guard.add_claims("right", 2)
    guard.add_wallet("short", 1)
    guard.add_claims("short", 2)
    guard.add_wallet("without claims", 3)
    guard.add_claims("without wallet", 2)
    guard.add_wallet("null", None)
    guard.add_claims("boosters only", sku=BOOSTER)
    with guard.session() as connection:
        found = connection.execute("select * from claim_ops.check_wallet_integrity()")
        assert [column.name for column in found.description or ()] == [
            "user_id",
            "wallet_count",
            "claim_count",
        ]
        names = ["text", "int4", "int8"]
        assert [column.type_display for column in found.description or ()] == names
        assert found.fetchall() == [
            ("null", None, 0),
            ("short", 1, 2),
            ("without claims", 3, 0),
            ("without wallet", None, 2),
        ]


def test_wallet_integrity_counts_adjustments(guards: Guards) -> None:
    guard = guards.fresh({"has_wallet_adjustments": True})
    for user, shields in (("spent one", 1), ("spent none", 1)):
        guard.add_wallet(user, shields)
        guard.add_claims(user, 2)
    guard.execute(
        """
        insert into wallet_adjustments (adjustment_id, user_id, item, quantity)
        values ('1', 'spent one', 'streakshield', -1)
        """
    )
    assert guard.rows("select * from claim_ops.check_wallet_integrity()") == [("spent none", 1, 2)]


def test_no_claim_is_compared_with_each_claim_of_a_plan(guard: Guard, dbt: DbtProject) -> None:
    """After a recovery of 19,000 of 5 million claims a nested loop took 300 s in place of 6."""
    outcome = dbt.run("run", "--select", "+fct_cap_violations", vars=NOTHING_TO_SETTLE)
    assert outcome.success, outcome.explain()
    query = outcome.nodes["fct_cap_violations"].node.compiled_code
    with guard.connect() as connection:
        connection.execute("set enable_hashjoin = off; set enable_mergejoin = off")
        plan = [line.strip() for (line,) in connection.execute(f"explain {query}".encode())]
    assert len([line for line in plan if re.search("(Hash|Merge) Full Join", line)]) == 1
