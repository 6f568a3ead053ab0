"""`plan wallets` for a set of users, and what it says about those that it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.claimctl import Answer, claimctl, on
from support.databases import MODELS_SCHEMA
from support.guard import BOOSTER, CHECKER, MAKER, SHIELD, Guard

HOURS = "clock_timestamp() - {} * interval '1 hour'"


@pytest.fixture
def shop(guard_that_waits: Guard) -> Guard:
    """Owed: ann, bob, cat, whose wallet is missing. In excess: dan. In flight: eve."""
    guard = guard_that_waits
    guard.execute("create index on user_wallet_balances (user_id)")
    for user_id, hours_ago in (("ann", 300), ("bob", 241)):
        guard.add_wallet(user_id, 1, hours_ago=hours_ago)
        guard.add_claims(user_id, 2)
        guard.mark_wrong(user_id)
    guard.add_claims("cat", 1)
    guard.mark_wrong("cat", discrepancy="missing_wallet")
    guard.add_claims("dan", 1)
    guard.add_wallet("dan", 2, hours_ago=239.5)
    guard.mark_wrong("dan", discrepancy="excess")
    guard.add_claims("eve", 2, hours_ago=1)
    guard.add_wallet("eve", 1, hours_ago=2)
    guard.mark_wrong("eve")
    return guard


def planned(guard: Guard, **arguments: Any) -> set[str]:
    """Return the users of a plan that is made and taken back."""
    plan = guard.plan(**arguments)
    return {
        user
        for (user,) in guard.rows(
            f"select user_id from claim_ops.plan_lines where plan_id = {plan}"
        )
    }


def left_out(guard: Guard, plan: int) -> dict[str, str]:
    query = "select user_id, reason from claim_ops.plan_balances_left_out where plan_id = {}"
    return dict(guard.rows(query.format(plan)))


def test_a_plan_is_made_for_a_set_of_users(shop: Guard) -> None:
    excess = {"include_excess": ["streakshield"]}
    assert planned(shop) == {"ann", "bob", "cat"}
    assert planned(shop, users=["bob", "dan"]) == {"bob"}
    assert planned(shop, users=["bob", "dan"], **excess) == {"bob", "dan"}
    assert planned(shop, exclude=["bob"], **excess) == {"ann", "cat", "dan"}
    assert planned(shop, type="short", **excess) == {"ann", "bob", "cat"}
    assert planned(shop, type="excess", **excess) == {"dan"}
    moment = shop.value(f"select {HOURS.format(260)}")
    assert planned(shop, changed_from=moment, **excess) == {"bob", "dan"}
    assert planned(shop, changed_to=moment, **excess) == {"ann"}
    changed = shop.value("select updated_at from user_wallet_balances where user_id = 'bob'")
    assert planned(shop, changed_from=changed, **excess) == {"bob", "dan"}
    assert planned(shop, changed_to=changed, **excess) == {"ann"}
    # Kept with the plan: the approver is asked about these users, and the digest holds them.
    limits = shop.value("select limits from claim_ops.plans where plan_id = 2")
    assert limits["users"] == ["bob", "dan"]


def test_what_is_left_out_is_listed_with_the_reason(shop: Guard) -> None:
    plan = shop.plan(exclude=["bob"])
    assert left_out(shop, plan) == {
        "bob": "excluded",
        "dan": "excess_not_asked_for",
        "eve": "in_flight",
    }
    assert (
        shop.value(
            "select round(extract(epoch from settles_at - clock_timestamp()) / 3600)"
            " from claim_ops.plan_balances_left_out where reason = 'in_flight'"
        )
        == 2
    )
    # Of users who were not asked for nothing is said.
    assert left_out(shop, shop.plan(users=["ann", "eve"])) == {"eve": "in_flight"}
    with shop.refuses("CO014", "--include-excess") as refusal:
        shop.plan(users=["dan", "eve"])
    said = str(refusal.value)
    assert "excess_not_asked_for 1, in_flight 1 (come back at 2" in said
    shop.add_purchase("dan")
    plan = shop.plan(include_excess=["streakshield"])
    assert left_out(shop, plan) == {"dan": "unclaimed_purchase", "eve": "in_flight"}


CAUSES = f"{MODELS_SCHEMA}.fct_discrepancy_causes"


def test_a_plan_is_narrowed_to_a_cause(shop: Guard) -> None:
    """The models only choose: each line is judged live as ever."""
    shop.execute(
        f"""
        insert into {CAUSES} (
            user_id, item, discrepancy_type, probable_cause, cause_evidence, is_settled, built_at
        )
        select user_id, 'streakshield', 'short',
            case user_id when 'ann' then 'lost_update' else 'hand_edit' end, 'Seen.', true, now()
        from unnest(array['ann', 'bob', 'dan']) as user_id;
        update user_wallet_balances set streakshield_count = 2 where user_id = 'bob'
        """
    )
    excess = {"include_excess": ["streakshield"]}
    assert planned(shop, cause="lost_update") == {"ann"}
    # Bob's wallet is right by now, and of what nobody named a cause nothing is planned.
    assert planned(shop, cause="hand_edit", **excess) == {"dan"}
    plan = shop.plan(**excess)
    document = claimctl("show", str(plan), "--json", *on(shop, user=MAKER)).document
    assert {(row["cause"], row["item"], row["wallets"]) for row in document["causes"]} == {
        ("lost_update", "streakshield", 1),
        ("hand_edit", "streakshield", 1),
    }
    causes = {row["user_id"]: row["causes"] for row in document["plan_lines"]}
    assert causes["ann"] == "streakshield: lost_update"
    arguments = ("--reason", "why", "--cause", "lost_update", "--raise", "max_affected_share=1")
    said = claimctl("plan", "wallets", *arguments, *on(shop, user=MAKER)).stdout
    assert "By probable cause, as the models named it" in said
    with shop.refuses("CO014", "--include-excess ITEM"):
        shop.plan(cause="time_zone")
    with shop.refuses("CO013", "--cause CAUSE"):
        shop.plan(cause="lost update")
    shop.execute(f"drop table {CAUSES} cascade")
    assert planned(shop, user_id="ann") == {"ann"}
    with shop.refuses("CO013", "dbt build"):
        shop.plan(cause="lost_update")


def test_bad_sets_are_refused_in_a_sentence(shop: Guard, tmp_path: Path) -> None:
    with shop.refuses("CO013", "Correct the list"):
        shop.plan(users=["ann", "zoe", "bob", "yan"])
    with shop.refuses("CO013", "--changed-from"):
        shop.plan(changed_from="2026-01-02Z", changed_to="2026-01-01Z")
    with shop.refuses("CO013", "--include-excess ITEM"):
        shop.plan(type="excess")
    with shop.refuses("CO013", "--type short"):
        shop.plan(type="wrong")
    empty, odd = tmp_path / "empty.txt", tmp_path / "odd.txt"
    empty.write_text("\n \n")
    odd.write_bytes(b"\xff\xfe")
    for given, sentence in {
        ("--users", str(tmp_path / "none.txt")): "could not be read: No such file",
        ("--users", str(empty)): "names no user: write one id a line",
        ("--users", str(odd)): "is no UTF-8 text",
        ("--exclude", "zoe"): "1 of the 1 users of --exclude are not known, the first is zoe",
        ("--type", "wrong"): "is not one of",
        ("--changed-from", "soon"): "is no date or time",
    }.items():
        answer = plan_wallets(shop, *given)
        assert (answer.exit_code, sentence in answer.sentence) == (2, True), answer.stderr


def plan_wallets(guard: Guard, *arguments: str) -> Answer:
    raised = ("--reason", "test", "--raise", "max_affected_share=1")
    return claimctl("plan", "wallets", *raised, *arguments, *on(guard, user=MAKER))


def test_the_command_line_takes_files(shop: Guard, tmp_path: Path) -> None:
    users, goodwill = tmp_path / "users.txt", tmp_path / "goodwill.txt"
    users.write_text("ann\r\nbob\n\neve\nann\n")
    goodwill.write_text("bob")
    made = plan_wallets(shop, "--users", str(users), "--exclude", str(goodwill), "--exclude", "cat")
    assert made.exit_code == 0, made.stderr
    assert "users" not in made.stdout.split("Wrong, and left out")[0]
    for line in ("excluded    1       1", "in_flight   1       1          after 20"):
        assert line in made.stdout, made.stdout
    shown = claimctl("show", "1", *on(shop, user=MAKER))
    assert "users     ann, bob, eve\n" in shown.stdout
    document = claimctl("show", "1", "--json", *on(shop, user=MAKER)).document
    assert document["limits"]["exclude"] == ["bob", "cat"]
    assert [row["reason"] for row in document["balances_left_out"]] == ["excluded", "in_flight"]
    assert [line["user_id"] for line in document["plan_lines"]] == ["ann", "bob", "eve"]


def test_an_approver_sees_the_grounds_and_leaves_a_note(shop: Guard) -> None:
    """Grounds of each line, hours of boosters, and which other plans the figures count."""
    for user_id, hours in (("ann", 8), ("bob", 88)):
        shop.add_claims(user_id, sku=BOOSTER, hours_ago=168 - hours)
        shop.execute(
            f"update user_wallet_balances set xp_booster_until = null where user_id = '{user_id}'"
        )
    shop.mark_wrong("ann", "xp_booster")
    rejected = str(shop.plan(users=["cat"]))
    asked_for = ("--exclude", "cat", "--include-excess", "streakshield")
    document = plan_wallets(shop, *asked_for, "--json").document
    plan = str(document["plan_id"])
    assert claimctl("reject", rejected, "--reason", "no", *on(shop, user=CHECKER)).exit_code == 0
    (booster,) = [item for item in document["items"] if item["item"] == "xp_booster"]
    assert booster["lengthened_hours"] == [8, 8, 88]
    assert booster["shortened_hours"] == [None, None, None]
    note = ("--note", "looked at ann, SUP-412", "--yes")
    assert claimctl("approve", plan, *note, *on(shop, user=CHECKER)).exit_code == 0
    shown = claimctl("show", plan, *on(shop, user=MAKER)).stdout
    for said in (
        "  looked at ann, SUP-412\n",
        "xp_booster: lengthened by 8.0 to 88.0 hours, median 8.0.",
        f"other plans of the 24 hours before count too: {rejected} (rejected).",
        "streakshield: 2 claims, last 20",
        ", retry",
    ):
        assert said in shown, shown
    assert shop.value("select detail ->> 'note' from claim_ops.journal where event = 'approved'")
    explained = claimctl("explain", "cat", "--json", *on(shop, user=MAKER)).document
    assert explained["plans"] == []
    explained = claimctl("explain", "ann", "--json", *on(shop, user=MAKER)).document
    assert [str(each["plan_id"]) for each in explained["plans"]] == [plan]


def test_a_recovery_says_what_claiming_at_purchase_costs(shop: Guard) -> None:
    shop.add_purchase("gil", "b1", sku=BOOSTER, hours_ago=100)
    shop.add_purchase("gil", "b2", sku=BOOSTER, hours_ago=200)
    shop.add_purchase("hal", "s1", sku=SHIELD, hours_ago=100)
    span = ("--from", "2026-01-01", "--to", shop.value("select now()::text"))

    def recovery(*arguments: str) -> Answer:
        made = ("plan", "recovery", *span, "--reason", "test", *arguments)
        return claimctl(*made, *on(shop, user=MAKER))

    for narrowed in (("--item", "xp_booster"), ("--sku", BOOSTER)):
        document = recovery(*narrowed, "--json").document
        assert [row["sku"] for row in document["purchases"]] == [BOOSTER]
        hours = {"paid": 336, "given": 68, "given_at_purchase": 68}
        assert document["booster_hours"] == hours
        said = recovery(*narrowed, "--claimed-at", "now").stdout
        assert "Boosters: 336.0 of 336.0 paid hours are given, from now on." in said
        assert "With --claimed-at purchase 68.0 would be, and 268.0 lost." in said
    assert "68.0 of 336.0 paid hours are given; 268.0 are over by now." in recovery().stdout
    assert recovery("--item", "xp_boost").exit_code == 2
    assert "unknown SKU 'x'" in recovery("--sku", "x").sentence


def test_more_users_than_are_judged_at_once(shop: Guard) -> None:
    """Each once, in the order in which their wallets are locked."""
    many = shop.add_short_wallets(10_001)
    limits = {"max_affected_share": 1, "max_wallets": 10**6, "max_net_quantity": 10**6}
    plan = shop.plan(**{"raise": limits})
    lines = shop.rows(
        f"select user_id from claim_ops.plan_lines where plan_id = {plan} order by line_no"
    )
    assert [user_id for (user_id,) in lines] == sorted([*many, "ann", "bob", "cat"])
