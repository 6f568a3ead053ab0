"""Recovery: what was paid for and never claimed is claimed and credited, or left and named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.claimctl import claimctl, on
from support.guard import BOOSTER, CHECKER, MAKER, RUNNER, SHIELD, Guard, since_wednesday
from support.guard_templates import Guards

NOW = datetime.now(UTC)
LONG_AGO, YESTERDAY = NOW - timedelta(days=300), NOW - timedelta(days=1)
DAY = 24
# Purchases of shields that are no two in a week, nor four in a month.
APART = 40 * DAY


def plan(guard: Guard, **arguments: Any) -> int:
    """Plan the recovery of all purchases up to now."""
    arguments = {"from": LONG_AGO, "to": datetime.now(UTC), **arguments}
    return guard.make("plan_recovery", **arguments)


def recovered(guard: Guard, **arguments: Any) -> int:
    """Plan, approve and apply a recovery; return the plan."""
    made = guard.approve(plan(guard, **arguments))
    guard.apply(made)
    return made


def claims(guard: Guard, user_id: str = "alice") -> list[tuple[Any, ...]]:
    """Return a user's claims."""
    return guard.rows(
        f"""
        select tx_id, sku, round(extract(epoch from now() - claimed_at) / 3600)::int
        from purchase_claims where user_id = '{user_id}' and tx_id like 'tx%' order by 1
        """
    )


def booster_hours(guard: Guard, user_id: str = "alice") -> int | None:
    """Return in how many hours the booster in the wallet ends."""
    hours = guard.value(
        f"""
        select round(extract(epoch from xp_booster_until - now()) / 3600)
        from user_wallet_balances where user_id = '{user_id}'
        """
    )
    return None if hours is None else int(hours)


# The three-way rule


def test_a_wallet_that_matched_is_credited(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    guard.add_claims("alice", hours_ago=APART)
    guard.add_purchase("alice", hours_ago=100)
    made = recovered(guard)
    assert guard.lines(made) == {"alice": "applied"}
    assert (guard.shields("alice"), claims(guard)) == (2, [("tx", SHIELD, 100)])
    assert guard.rows(
        f"select before, after from claim_ops.journal where plan_id = {made} and line_no = 1"
    ) == [({"streakshield_count": 1}, {"streakshield_count": 2})]
    assert guard.rows("table claim_ops.plan_claims") == [("tx", made, "claim_recovery")]
    assert guard.call(RUNNER, "verify_plan", made)["as_written"] == 1


def test_a_wallet_that_holds_it_already_gets_its_claim_alone(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    guard.add_purchase("alice")
    before = guard.rows("select * from user_wallet_balances")
    made = recovered(guard)
    assert guard.lines(made) == {"alice": "applied"}
    assert claims(guard) == [("tx", SHIELD, 240)]
    assert guard.rows("select * from user_wallet_balances") == before
    assert guard.call(RUNNER, "verify_plan", made)["as_written"] == 1


def test_a_claim_alone_is_said_to_be_one(guard: Guard) -> None:
    """Credited by hand, or a booster that is over by now: no line of `{}` and `{}`."""
    guard.add_wallet("byhand", 1)
    guard.add_purchase("byhand", "byhand")
    guard.add_wallet("over", 0)
    guard.add_purchase("over", "over", sku=BOOSTER)
    guard.add_wallet("owed", 0)
    guard.add_purchase("owed", "owed")
    made = plan(guard)
    document = claimctl("show", str(made), "--json", *on(guard, user=MAKER)).document
    assert {line["user_id"]: line["grounds"] for line in document["plan_lines"]} == {
        "byhand": "credited already: the claim only",
        "over": "over by now: the claim only",
        "owed": None,
    }
    assert "credited already: the claim only" in claimctl("show", str(made), *on(guard)).stdout


@pytest.mark.parametrize("shields", [0, 3, None])
def test_a_wallet_that_agrees_with_neither_is_left(guard: Guard, shields: int | None) -> None:
    guard.add_wallet("alice", shields)
    guard.add_claims("alice", hours_ago=APART)
    guard.add_purchase("alice")
    with guard.refuses("CO014") as caught:
        plan(guard)
    assert "left out: wallet_disagrees 1" in str(caught.value)


def test_no_wallet_and_no_claims_is_a_match(guard: Guard) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("alice")
    recovered(guard)
    assert (guard.shields("alice"), claims(guard)) == (1, [("tx", SHIELD, 240)])


def test_no_wallet_but_claims_is_none(guard: Guard) -> None:
    guard.add_claims("alice", hours_ago=APART)
    guard.add_purchase("alice")
    with guard.refuses("CO014"):
        plan(guard)


def test_an_expired_booster_of_a_user_without_wallet_makes_one(guard: Guard) -> None:
    """A claim may refer to its user's wallet."""
    guard.execute(
        "alter table purchase_claims add foreign key (user_id) references user_wallet_balances"
    )
    guard.add_purchase("alice", sku=BOOSTER, hours_ago=200)
    recovered(guard)
    assert (booster_hours(guard), guard.shields("alice")) == (-32, 0)
    assert claims(guard) == [("tx", BOOSTER, 200)]


def test_items_are_judged_one_by_one(guard: Guard) -> None:
    """The shield is held already, the booster is not; both claims in one line."""
    guard.add_wallet("alice", 1)
    guard.add_purchase("alice", "tx1")
    guard.add_purchase("alice", "tx2", sku=BOOSTER, hours_ago=24)
    made = recovered(guard)
    assert (guard.shields("alice"), booster_hours(guard)) == (1, 144)
    assert claims(guard) == [("tx1", SHIELD, 240), ("tx2", BOOSTER, 24)]
    assert guard.rows("select after from claim_ops.plan_lines") != [({},)]
    assert guard.lines(made) == {"alice": "applied"}


def test_another_item_that_is_wrong_is_no_obstacle_and_stays(guard: Guard) -> None:
    guard.add_wallet("alice", 0, booster_hours=720)
    guard.add_purchase("alice")
    recovered(guard)
    assert (guard.shields("alice"), booster_hours(guard)) == (1, 720)


def test_several_purchases_of_a_user_are_one_line(guard: Guard) -> None:
    guard.add_wallet("alice", 0)
    for number in (1, 2, 3):
        guard.add_purchase("alice", f"tx{number}", hours_ago=number * APART)
    made = recovered(guard)
    assert guard.shields("alice") == 3
    assert guard.value("select lines from claim_ops.plans") == 1
    assert [row[0] for row in guard.rows("select tx_id from claim_ops.plan_claims order by 1")] == [
        "tx1",
        "tx2",
        "tx3",
    ]
    assert guard.lines(made) == {"alice": "applied"}


def add_boosters(guard: Guard) -> None:
    """Add a booster that was claimed 48 hours ago, and one bought 24 hours ago."""
    guard.add_wallet("alice", booster_hours=120)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=48)
    guard.add_purchase("alice", sku=BOOSTER, hours_ago=24)


def test_a_booster_ends_when_the_latest_does(guard: Guard) -> None:
    add_boosters(guard)
    recovered(guard)
    assert booster_hours(guard) == 144


@pytest.mark.slow
def test_boosters_add_up_where_that_is_the_policy(guards: Guards) -> None:
    guard = guards.fresh({"settle_minutes": 0, "booster_stacking_policy": "extend"})
    add_boosters(guard)
    recovered(guard)
    assert booster_hours(guard) == 2 * 168 - 48


def test_a_booster_claimed_now_runs_from_now(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice", sku=BOOSTER, hours_ago=100)
    recovered(guard, claimed_at="now")
    assert (booster_hours(guard), claims(guard)) == (168, [("tx", BOOSTER, 0)])


# What is no missing claim


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"status": "REFUND", "hours_ago": 1}], "refunded"),
        ([{"status": "CANCELLATION", "hours_ago": 1}], "refunded"),
        ([{"user_id": "bob"}], "conflicting_users"),
        ([{"sku": BOOSTER}], "conflicting_skus"),
    ],
)
def test_a_purchase_that_is_unclear_or_taken_back(
    guard: Guard, rows: list[dict[str, Any]], reason: str
) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("alice")
    for row in rows:
        guard.add_purchase(**{"user_id": "alice", **row})
    with guard.refuses("CO014") as caught:
        plan(guard)
    assert f"left out: {reason} 1" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "reason"), [({"status": "TEST"}, "no_payment"), ({"sku": "hat"}, "unknown_sku")]
)
def test_a_purchase_that_gives_nothing(guard: Guard, row: dict[str, Any], reason: str) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("alice", **row)
    with guard.refuses("CO014") as caught:
        plan(guard)
    assert f"left out: {reason} 1" in str(caught.value)


def test_a_purchase_without_user_is_left_out_by_name(guard: Guard) -> None:
    guard.execute("alter table audit_purchases alter column user_id drop not null")
    guard.add_wallet("alice")
    guard.add_purchase("alice", "tx1")
    guard.add_purchase(None, "tx2")
    made = recovered(guard)
    assert guard.left_out(made) == {"tx2": "no_user"}
    assert guard.shields("alice") == 1


def test_a_row_without_tx_id_is_left_out_by_name(guard: Guard) -> None:
    guard.execute("alter table audit_purchases alter column tx_id drop not null")
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    guard.add_purchase("bob", None)
    assert guard.left_out(plan(guard)) == {None: "no_tx_id"}


def test_bought_again_after_a_refund_is_owed(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice", hours_ago=240)
    guard.add_purchase("alice", status="REFUND", hours_ago=200)
    guard.add_purchase("alice", hours_ago=100)
    recovered(guard)
    assert claims(guard) == [("tx", SHIELD, 100)]


def test_what_is_claimed_is_nobodys_matter(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice", "tx1")
    recovered(guard)
    guard.add_wallet("bob")
    guard.add_purchase("bob", "tx2")
    made = recovered(guard)
    assert (guard.lines(made), guard.left_out(made)) == ({"bob": "applied"}, {})


def test_one_user_alone_or_the_first_few(guard: Guard) -> None:
    for user in ("alice", "bob", "carl"):
        guard.add_wallet(user)
        guard.add_purchase(user, f"tx {user}")
    assert guard.lines(plan(guard, user_id="bob")) == {"bob": "pending"}
    assert guard.lines(plan(guard, limit=2)) == {"alice": "pending", "bob": "pending"}


# The range


def test_the_range_holds_its_start_and_not_its_end(guard: Guard) -> None:
    at = NOW - timedelta(days=30)
    for user in ("alice", "bob"):
        guard.add_wallet(user)
    guard.add_purchase("alice", "tx1")
    guard.add_purchase("bob", "tx2")
    end = at + timedelta(hours=1)
    guard.execute(
        f"""
        update audit_purchases
        set purchased_at = case tx_id when 'tx1' then '{at}' else '{end}' end::timestamptz
        """
    )
    guard.execute(
        f"insert into audit_purchases values ('tx2', 'bob', '{SHIELD}', 'PENDING', '{at}')"
    )
    assert guard.lines(plan(guard, **{"from": at, "to": end})) == {"alice": "pending"}


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (None, YESTERDAY, "both ends"),
        (YESTERDAY, None, "both ends"),
        (YESTERDAY, LONG_AGO, "not after its start"),
        (YESTERDAY, YESTERDAY, "not after its start"),
        (YESTERDAY, NOW + timedelta(days=1), "in the future"),
    ],
)
def test_a_range_that_is_none(guard: Guard, start: Any, end: Any, said: str) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice", hours_ago=48)
    with guard.refuses("CO013") as caught:
        plan(guard, **{"from": start, "to": end})
    assert said in str(caught.value)


def test_a_range_with_nothing_in_it(guard: Guard) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("alice")
    with guard.refuses("CO014") as caught:
        plan(guard, **{"from": YESTERDAY})
    assert "no purchase without a claim between" in str(caught.value)


@pytest.mark.parametrize("arguments", [{"claimed_at": "later"}, {"limit": 0}, {"reason": " "}])
def test_other_bad_input(guard: Guard, arguments: dict[str, Any]) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    with guard.refuses("CO013"):
        plan(guard, **arguments)


# Caps


def test_purchases_beyond_a_cap_are_left_out_unless_asked_for(guard: Guard) -> None:
    """One shield a week: the later of two, although two weeks on the next one is within it."""
    guard.add_wallet("alice")
    first = since_wednesday(weeks=6)
    for number, hours in enumerate((first, first - 0.01, first - 14 * DAY), start=1):
        guard.add_purchase("alice", f"tx{number}", hours_ago=hours)
    made = plan(guard)
    assert guard.left_out(made) == {"tx2": "over_cap"}
    included = plan(guard, include_over_cap=True)
    assert guard.left_out(included) == {}
    assert guard.rows(
        f"""
        select claim ->> 'tx_id' from claim_ops.plan_lines,
            jsonb_array_elements(details -> 'claims') as claim
        where plan_id = {included} and claim ? 'over_cap'
        """
    ) == [("tx2",)]


def test_what_is_left_out_counts_for_no_cap(guard: Guard) -> None:
    """Three a month, two of the first week: only the first of these counts for the others."""
    last_month = (datetime.now(UTC).replace(day=1) - timedelta(days=1)).replace(day=7)
    start = last_month - timedelta(days=last_month.weekday())
    guard.add_wallet("alice")
    for number, day in enumerate((0, 1, 7, 14), start=1):
        guard.add_purchase("alice", f"tx{number}")
        guard.execute(
            f"""
            update audit_purchases set purchased_at = '{start + timedelta(days=day)}'
            where tx_id = 'tx{number}'
            """
        )
    assert guard.left_out(plan(guard)) == {"tx2": "over_cap"}


def test_claims_that_are_there_count(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    first = since_wednesday(weeks=6)
    guard.add_claims("alice", hours_ago=first)
    guard.add_purchase("alice", hours_ago=first - 0.01)
    with guard.refuses("CO014") as caught:
        plan(guard)
    assert "over_cap 1" in str(caught.value)


def test_claimed_now_they_are_all_of_this_week(guard: Guard) -> None:
    guard.add_wallet("alice")
    for number in (1, 2):
        guard.add_purchase("alice", f"tx{number}", hours_ago=number * APART)
    assert guard.left_out(plan(guard)) == {}
    assert guard.left_out(plan(guard, claimed_at="now")) == {"tx2": "over_cap"}


# The second look


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "insert into audit_purchases values ('tx', 'alice', '{SHIELD}', 'REFUND', now())",
            "refunded",
        ),
        ("delete from audit_purchases", "no_purchase"),
        ("update audit_purchases set user_id = 'bob'", "conflicting_users"),
        ("update audit_purchases set sku = '{BOOSTER}'", "conflicting_skus"),
        ("insert into purchase_claims values ('tx', 'alice', '{SHIELD}')", "claimed"),
        (
            "insert into purchase_claims values ('t2', 'alice', '{SHIELD}', '{LONG_AGO}')",
            "ledger_changed",
        ),
        ("update user_wallet_balances set streakshield_count = 4", "changed"),
        ("delete from user_wallet_balances", "changed"),
    ],
)
def test_what_changed_since_is_skipped_whole(guard: Guard, change: str, reason: str) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    made = guard.approve(plan(guard))
    guard.execute(change.format(SHIELD=SHIELD, BOOSTER=BOOSTER, LONG_AGO=LONG_AGO))
    tables = ("purchase_claims", "user_wallet_balances")
    before = [guard.rows(f"table {table}") for table in tables]
    assert guard.apply(made)["reasons"] == {reason: 1}
    assert [guard.rows(f"table {table}") for table in tables] == before
    assert guard.rows("table claim_ops.plan_claims") == []


def test_a_wallet_that_comes_meanwhile_is_left(guard: Guard) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("alice")
    made = guard.approve(plan(guard))
    guard.add_wallet("alice", 1)
    assert guard.apply(made)["reasons"] == {"changed": 1}
    assert claims(guard) == []


def test_a_claim_alone_whose_wallet_no_longer_holds_it(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    guard.add_purchase("alice")
    made = guard.approve(plan(guard))
    guard.execute("update user_wallet_balances set streakshield_count = 0")
    assert guard.apply(made)["reasons"] == {"wallet_disagrees": 1}
    assert claims(guard) == []


def test_a_claim_whose_user_is_gone_is_skipped(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    made = guard.approve(plan(guard))
    guard.execute(
        """
        create table users (user_id text primary key);
        alter table purchase_claims add foreign key (user_id) references users
        """
    )
    assert guard.apply(made)["reasons"] == {"no_such_user": 1}
    assert (guard.shields("alice"), claims(guard)) == (0, [])


def test_a_trigger_that_changes_a_claim_is_named(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    made = guard.begin(guard.approve(plan(guard)))
    guard.execute(
        """
        create function stamp() returns trigger language plpgsql
        as 'begin new.claimed_at := now(); return new; end';
        create trigger stamps_claims before insert on purchase_claims
        for each row execute function stamp();
        """
    )
    outcome = guard.apply(made)
    assert outcome["reasons"] == {"not_written": 1}
    assert "stamps_claims" in outcome["sentences"]["not_written"]
    assert (guard.shields("alice"), claims(guard)) == (0, [])


# Quiet, pause, breakers, models


def test_the_users_own_activity_counts_and_the_plans_own_claims_do_not(
    guard_that_waits: Guard,
) -> None:
    guard = guard_that_waits
    for user, hours in (("alice", 2.9), ("bob", 3.1), ("carl", 300)):
        guard.add_wallet(user, hours_ago=hours)
        guard.add_purchase(user, f"tx {user}", sku=BOOSTER, hours_ago=2.9 if user == "carl" else 5)
    made = plan(guard, claimed_at="now")
    assert guard.left_out(made) == {"tx alice": "in_flight", "tx carl": "in_flight"}
    guard.apply(guard.approve(made))
    assert (guard.lines(made), booster_hours(guard, "bob")) == ({"bob": "applied"}, 168)


def test_a_user_who_came_alive_is_left(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    for user in ("alice", "bob"):
        guard.add_wallet(user)
        guard.add_purchase(user, f"tx {user}", hours_ago=APART)
    made = guard.approve(plan(guard))
    guard.execute("update user_wallet_balances set updated_at = now() where user_id = 'alice'")
    guard.add_claims("bob", sku=BOOSTER, hours_ago=1)
    assert guard.apply(made)["reasons"] == {"in_flight": 2}


def test_a_repair_of_ours_is_no_sign_of_life(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    guard.add_short_wallet("alice", claims=2, shields=1)
    guard.apply(guard.approve(guard.plan()))
    guard.add_purchase("alice", "tx1", sku=BOOSTER, hours_ago=24)
    guard.add_purchase("alice", "tx2", sku=BOOSTER, hours_ago=300)
    recovered(guard, **{"from": NOW - timedelta(hours=30)})
    assert booster_hours(guard) == 144
    # The next one leaves the wallet as it is; what we wrote before it is still ours.
    recovered(guard)
    guard.add_claims("alice")
    guard.mark_wrong("alice")
    assert guard.lines(guard.plan()) == {"alice": "pending"}


def test_it_obeys_the_pause(guard: Guard) -> None:
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    made = guard.begin(guard.approve(plan(guard)))
    guard.call(CHECKER, "pause", "stop")
    with guard.refuses("CO006"):
        guard.batch(made)


def test_breakers_of_items_and_of_net_quantity_count_all_kinds(guard: Guard) -> None:
    guard.execute(
        "update claim_ops.settings"
        ' set settings = settings || \'{"max_net_quantity": 2, "max_wallets": 2}\''
    )
    guard.add_short_wallet("alice", claims=3, shields=1)
    guard.plan()
    guard.add_wallet("bob")
    guard.add_purchase("bob", "tx1")
    with guard.refuses("CO005", "--raise max_net_quantity=3"):
        plan(guard)
    for user in ("carl", "dora"):
        guard.add_wallet(user)
        guard.add_purchase(user, f"tx {user}", sku=BOOSTER, hours_ago=24)
    with guard.refuses("CO005", "max_wallets=4"):
        plan(guard, **{"raise": {"max_net_quantity": 9}})
    made = plan(guard, **{"raise": {"max_net_quantity": 9, "max_wallets": 4}})
    # A recovery from the audit trail is no bulk overwrite: the share of wallets is not its breaker.
    assert guard.value(f"select breakers from claim_ops.plans where plan_id = {made}") == {
        "max_wallets": 4,
        "max_net_quantity": 3,
    }


# Back


def test_a_rollback_takes_back_claim_and_credit(guard: Guard) -> None:
    guard.add_wallet("alice", 0)
    guard.add_wallet("bob", 1)
    for user in ("alice", "bob", "carl"):
        guard.add_purchase(user, f"tx {user}")
    tables = ("purchase_claims", "user_wallet_balances")
    wallets = "select user_id, streakshield_count, xp_booster_until from user_wallet_balances"
    before = [guard.rows(wallets), guard.rows("table purchase_claims")]
    made = recovered(guard)
    assert [guard.shields(user) for user in ("alice", "bob", "carl")] == [1, 1, 1]
    after = [sorted(guard.rows(f"table {table}")) for table in tables[:1]]
    rollback = guard.roll_back(made)
    assert guard.apply(rollback)["applied"] == 3
    assert [sorted(guard.rows(wallets)), guard.rows("table purchase_claims")] == before
    assert guard.rows("table claim_ops.plan_claims") == []
    assert guard.state(made) == "rolled_back"
    assert guard.call(RUNNER, "verify_plan", rollback)["wrong"] == 0

    again = guard.roll_back(rollback)
    assert guard.apply(again)["applied"] == 3
    assert [sorted(guard.rows(f"table {table}")) for table in tables[:1]] == after
    assert guard.shields("carl") == 1
    assert guard.rows("select distinct plan_id, kind from claim_ops.plan_claims") == [
        (made, "claim_recovery")
    ]


def test_a_rollback_under_foreign_keys(guard: Guard) -> None:
    guard.execute(
        "alter table purchase_claims add foreign key (user_id) references user_wallet_balances"
    )
    guard.add_purchase("alice")
    made = recovered(guard)
    guard.apply(guard.roll_back(made))
    assert (guard.shields("alice"), claims(guard)) == (None, [])
    guard.apply(guard.roll_back(made + 1))
    assert (guard.shields("alice"), claims(guard)) == (1, [("tx", SHIELD, 240)])


@pytest.mark.parametrize(
    "change",
    [
        "update purchase_claims set claimed_at = now()",
        "delete from purchase_claims",
        "update user_wallet_balances set streakshield_count = 7",
    ],
)
@pytest.mark.parametrize("shields", [0, None])
def test_a_rollback_leaves_what_changed_since(
    guard: Guard, shields: int | None, change: str
) -> None:
    if shields is not None:
        guard.add_wallet("alice", shields)
    guard.add_purchase("alice")
    made = recovered(guard)
    guard.execute(change)
    before = [guard.rows("table purchase_claims"), guard.rows("table user_wallet_balances")]
    rollback = guard.roll_back(made)
    assert guard.apply(rollback)["reasons"] == {"changed": 1}
    assert before == [guard.rows("table purchase_claims"), guard.rows("table user_wallet_balances")]


def test_a_claim_alone_stays_when_a_later_plan_counted_it(guard: Guard) -> None:
    """Its wallet held it already, and a correction has counted it since."""
    guard.add_wallet("alice", 1)
    guard.add_purchase("alice")
    plan = guard.approve(guard.make("plan_recovery", **{"from": "2000-01-01", "to": "now"}))
    guard.apply(plan)
    guard.add_claims("alice")
    guard.mark_wrong("alice")
    guard.apply(guard.approve(guard.plan()))
    assert guard.shields("alice") == 2
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}
    assert guard.value("select count(*) from purchase_claims") == 2


def test_verify_finds_a_claim_that_is_gone(guard: Guard) -> None:
    guard.add_wallet("alice", 1)
    guard.add_purchase("alice")
    made = recovered(guard)
    guard.execute("delete from purchase_claims")
    result = guard.call(RUNNER, "verify_plan", made)
    assert (result["wrong"], result["wrong_users"]) == (1, ["alice"])
