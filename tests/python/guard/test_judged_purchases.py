"""What `explain` says of a purchase without a claim is what a plan recovery makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from support.claimctl import claimctl, on
from support.guard import BOOSTER, MAKER, Guard, since_wednesday
from support.guard_templates import Guards

WEEK, MONTH = 168, 720


def judged(guard: Guard, user: str) -> list[dict[str, Any]]:
    """Return the rows about a user, each by the names of its columns."""
    return guard.records(f"select * from claim_ops.judge_purchases('{user}')")


def verdicts(guard: Guard, user: str, claimed_at: str) -> dict[str, str]:
    return {
        row["tx_id"]: row["verdict"]
        for row in judged(guard, user)
        if row["claimed_at"] == claimed_at
    }


def by_a_plan(guard: Guard, user: str, claimed_at: str) -> dict[str, str]:
    """Return what a plan recovery of all that this user bought does with each purchase."""
    arguments = {"from": "2000-01-01", "to": "now", "user_id": user, "claimed_at": claimed_at}
    plan = guard.make("plan_recovery", **arguments)
    planned = guard.rows(
        "select claim ->> 'tx_id' from claim_ops.plan_lines"
        f" cross join jsonb_array_elements(details -> 'claims') as claim where plan_id = {plan}"
    )
    return {**guard.left_out(plan), **dict.fromkeys([tx_id for (tx_id,) in planned], "recoverable")}


def plant(guard: Guard) -> None:
    """Wednesday weeks ago is the middle of a week and of a month, whatever day this is."""
    wednesday = since_wednesday(5)
    # One claim in the week, and a purchase two hours after it; one of the next week.
    guard.add_wallet("refused", 1, hours_ago=wednesday)
    guard.add_claims("refused", hours_ago=wednesday)
    guard.add_purchase("refused", "same week", hours_ago=wednesday - 2)
    guard.add_purchase("refused", "next week", hours_ago=wednesday - WEEK)
    # Two of one week without any claim: the earlier one is within the cap, the later is not.
    guard.add_wallet("twice", 0, hours_ago=wednesday)
    guard.add_purchase("twice", "first", hours_ago=wednesday - 1)
    guard.add_purchase("twice", "second", hours_ago=wednesday - 2)
    # A booster of which half an hour is left, and one of which nothing is.
    guard.add_wallet("boosted", 0, hours_ago=wednesday)
    guard.add_purchase("boosted", "old", sku=BOOSTER, hours_ago=wednesday)
    guard.add_purchase("boosted", "late", sku=BOOSTER, hours_ago=WEEK - 8)
    # Claimed, refunded and of no payment: no row.
    guard.add_wallet("quiet", 0, hours_ago=wednesday)
    guard.add_purchase("quiet", "refunded", hours_ago=wednesday)
    guard.add_purchase("quiet", "refunded", status="REFUND", hours_ago=wednesday - 1)


def test_it_agrees_with_a_plan(guard: Guard) -> None:
    plant(guard)
    for user in ("refused", "twice", "boosted"):
        for claimed_at in ("purchase", "now"):
            said = verdicts(guard, user, claimed_at)
            assert said == by_a_plan(guard, user, claimed_at), (user, claimed_at)
    assert verdicts(guard, "refused", "purchase") == {
        "same week": "over_cap",
        "next week": "recoverable",
    }
    assert verdicts(guard, "twice", "purchase") == {"first": "recoverable", "second": "over_cap"}
    assert judged(guard, "quiet") == []


def test_the_window_that_refused_it_is_shown(guard: Guard) -> None:
    plant(guard)
    rows = {
        (row["tx_id"], row["claimed_at"], row["window_type"]): row
        for row in judged(guard, "refused")
    }
    row = rows["same week", "purchase", "week"]
    assert (row["used"], row["cap"]) == (1, 1)
    monday = (
        f"date_trunc('week', clock_timestamp() - {since_wednesday(5)} * interval '1 hour', '{{}}')"
    )
    assert row["window_start"] == guard.value(f"select {monday.format('UTC')}")
    assert row["user_zone"] == "America/New_York"
    assert row["user_window_start"] == guard.value(f"select {monday.format('America/New_York')}")
    assert row["user_used"] == 1
    month = rows["same week", "purchase", "month"]
    assert (month["used"], month["cap"]) == (1, 3)
    # Now it is another week, of which nothing is used: the first of both takes it.
    first, second = rows["next week", "now", "week"], rows["same week", "now", "week"]
    assert (first["used"], first["verdict"]) == (0, "recoverable")
    assert (second["used"], second["verdict"]) == (1, "over_cap")


@pytest.mark.slow
def test_a_users_own_zone_and_what_a_booster_would_get(guards: Guards) -> None:
    guard = guards.fresh({"settle_minutes": 0, "local_timezone": "Asia/Tokyo"})
    plant(guard)
    hours = {
        (row["tx_id"], row["claimed_at"]): (row["hours_paid"], row["hours_given"], row["cap"])
        for row in judged(guard, "boosted")
    }
    assert hours == {
        ("old", "purchase"): (168, 0, None),
        ("late", "purchase"): (168, 8, None),
        ("old", "now"): (168, 168, None),
        ("late", "now"): (168, 168, None),
    }
    zones = {row["user_zone"] for row in judged(guard, "twice")}
    assert zones == {"Asia/Tokyo"}


def test_explain_prints_it(guard: Guard) -> None:
    plant(guard)
    options = on(guard, user=MAKER)
    document = claimctl("explain", "refused", "--json", *options).document
    assert {row["verdict"] for row in document["unclaimed"]} == {"over_cap", "recoverable"}
    assert document["cap_zone"] == "UTC"
    said = claimctl("explain", "refused", *options).stdout
    assert "Caps go by the clocks of UTC, the user's clocks are those of America/New_York." in said
    assert "Caps now, by the clocks of UTC" in said
    line = next(line for line in said.splitlines() if "same week" in line and "over_cap" in line)
    assert "1 of 1" in line
    assert "week since " in line
    said = claimctl("explain", "boosted", *options).stdout
    assert "8 of 168 hours" in said
    assert "168 of 168 hours" in said


# Until 100 hours ago a shield gave one, once a week, and a booster a week; since then five, twice.
CHANGE = """
    update claim_ops.sku_catalog set valid_to = now() - interval '100 hours';
    insert into claim_ops.sku_catalog
        (sku, item, quantity, duration_hours, weekly_cap, monthly_cap, valid_from)
    select sku, item, 5 * quantity, duration_hours / 7, weekly_cap + 1, monthly_cap, valid_to
    from claim_ops.sku_catalog
"""


def test_a_dated_catalogue_gives_each_purchase_its_own_row(guard: Guard) -> None:
    guard.execute(CHANGE)
    guard.add_wallet("alice", 0, hours_ago=2000)
    guard.add_purchase("alice", "before", hours_ago=150)
    guard.add_purchase("alice", "after", hours_ago=50)
    guard.add_purchase("alice", "booster", sku=BOOSTER, hours_ago=150)
    for claimed_at in ("purchase", "now"):
        assert verdicts(guard, "alice", claimed_at) == by_a_plan(guard, "alice", claimed_at)
    assert verdicts(guard, "alice", "now")["before"] == "catalogue_changed"
    rows = judged(guard, "alice")
    keys = [(row["tx_id"], row["claimed_at"], row["window_type"]) for row in rows]
    assert len(keys) == len(set(keys))
    caps = {
        row["tx_id"]: row["cap"]
        for row in rows
        if row["claimed_at"] == "purchase" and row["window_type"] == "week"
    }
    assert (caps["before"] + 1, caps["before"]) == (caps["after"], 1)
    (booster,) = {
        (float(row["hours_paid"]), float(row["hours_given"]))
        for row in rows
        if (row["tx_id"], row["claimed_at"]) == ("booster", "purchase")
    }
    assert booster == pytest.approx((168, 18), abs=0.1)


def test_what_was_claimed_without_a_cap_counts_towards_none(guard: Guard) -> None:
    """The cap came on Wednesday, between a claim and a purchase of one week."""
    wednesday = since_wednesday(5)
    guard.execute(
        f"""
        update claim_ops.sku_catalog set valid_to = now() - {wednesday} * interval '1 hour';
        insert into claim_ops.sku_catalog
            (sku, item, quantity, duration_hours, weekly_cap, monthly_cap, valid_from)
        select sku, item, quantity, duration_hours, weekly_cap, monthly_cap, valid_to
        from claim_ops.sku_catalog;
        update claim_ops.sku_catalog set weekly_cap = null where valid_to < now();
        """
    )
    guard.add_wallet("alice", 1, hours_ago=wednesday + 2)
    guard.add_claims("alice", hours_ago=wednesday + 2)
    guard.add_purchase("alice", "after", hours_ago=wednesday - 2)
    assert verdicts(guard, "alice", "purchase") == by_a_plan(guard, "alice", "purchase")
    used = {
        (row["window_type"], row["used"])
        for row in judged(guard, "alice")
        if row["claimed_at"] == "purchase"
    }
    assert used == {("week", 0), ("month", 1)}
