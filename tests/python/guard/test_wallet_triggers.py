"""Triggers that the service has on its wallets: what they do inside our transaction."""

from __future__ import annotations

import pytest
from support.guard import Guard

TRIGGER = """
    create function spoil() returns trigger language plpgsql as $$
    begin
        {body}
    end
    $$;
    create trigger spoils_wallets before insert or update on user_wallet_balances
    for each row execute function spoil();
"""
ONE_MORE = "new.streakshield_count := new.streakshield_count + 1; return new;"
NOTHING = "return null;"
INTRUDER = "insert into claim_ops.journal (batch_id, event) values (0, 'forged'); return new;"


AFTERWARDS = """
    create function spoil() returns trigger language plpgsql as $$
    begin
        if new.user_id = 'user-00002' and new.streakshield_count <> 99 then
            update user_wallet_balances set streakshield_count = 99 where user_id = new.user_id;
        end if;
        return null;
    end
    $$;
    alter function spoil() set search_path = public;
    create trigger spoils_wallets after update on user_wallet_balances
    for each row execute function spoil();
"""
RAISES = "raise 'the account of % is frozen', new.user_id;"
ANOTHER_ITEM = "new.xp_booster_until := now(); return new;"
FOREIGN_KEY = """
    create table users (user_id text primary key);
    insert into users values ('user-00001');
    alter table user_wallet_balances add constraint a_wallet_has_a_user
        foreign key (user_id) references users deferrable initially deferred not valid;
"""


def of_one_user(body: str) -> str:
    return TRIGGER.format(body=f"if new.user_id = 'user-00002' then {body} end if; return new;")


@pytest.mark.parametrize(
    ("obstacle", "reason", "said"),
    [
        pytest.param(of_one_user(ONE_MORE), "not_written", "spoils_wallets", id="another value"),
        pytest.param(of_one_user(NOTHING), "not_written", "spoils_wallets", id="no row"),
        pytest.param(of_one_user(ANOTHER_ITEM), "not_written", "spoils_wallets", id="other item"),
        pytest.param(AFTERWARDS, "not_written", "spoils_wallets", id="afterwards"),
        pytest.param(of_one_user(RAISES), "cannot_be_written", "user-00002 is frozen", id="raises"),
        pytest.param(
            "alter table user_wallet_balances add constraint few_shields"
            " check (streakshield_count < 2 or user_id <> 'user-00002')",
            "cannot_be_written",
            "few_shields",
            id="check",
        ),
        pytest.param(
            of_one_user(RAISES).replace(
                "create trigger spoils_wallets before insert or update on user_wallet_balances",
                "create constraint trigger spoils_wallets after update on user_wallet_balances"
                " deferrable initially deferred",
            ),
            "cannot_be_written",
            "user-00002 is frozen",
            id="raises at commit",
        ),
    ],
)
def test_one_wallet_that_cannot_be_written_stops_nobody_else(
    guard: Guard, obstacle: str, reason: str, said: str
) -> None:
    guard.add_short_wallets(3)
    plan = guard.plan_and_begin()
    guard.execute(obstacle)
    outcome = guard.apply(plan)
    assert outcome["reasons"] == {reason: 1}
    assert said in outcome["sentences"][reason]
    assert guard.lines(plan) == {
        "user-00001": "applied",
        "user-00002": reason,
        "user-00003": "applied",
    }
    assert [guard.shields(f"user-0000{number}") for number in (1, 2, 3)] == [2, 1, 2]


def test_a_trigger_that_writes_into_the_journal_stops_the_apply(guard: Guard) -> None:
    """What it lacks is a right: nobody's wallet is at fault, and nothing of the batch stays."""
    guard.add_short_wallets(3)
    plan = guard.plan_and_begin()
    guard.execute(TRIGGER.format(body=INTRUDER))
    with guard.refuses("42501") as caught:
        guard.batch(plan)
    assert "spoil()" in str(caught.value.diag.context)
    guard.execute("drop trigger spoils_wallets on user_wallet_balances")
    assert guard.apply(plan)["applied"] == 3


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        pytest.param(of_one_user(RAISES), "cannot_be_written", id="raises"),
        pytest.param(FOREIGN_KEY, "no_such_user", id="deferred foreign key"),
    ],
)
def test_a_wallet_that_cannot_be_created_stops_nobody_else(
    guard: Guard, obstacle: str, reason: str
) -> None:
    for user in ("user-00001", "user-00002"):
        guard.add_claims(user, 2)
        guard.mark_wrong(user, discrepancy="missing_wallet")
    plan = guard.plan_and_begin()
    guard.execute(obstacle)
    guard.apply(plan)
    assert guard.lines(plan) == {"user-00001": "applied", "user-00002": reason}
    assert guard.shields("user-00002") is None


def test_a_trigger_that_keeps_its_own_time_is_no_fault(guard: Guard) -> None:
    """updated_at is no part of what was planned; the journal holds what the trigger made of it."""
    guard.add_short_wallet("alice")
    guard.execute(TRIGGER.format(body="new.updated_at := now() - interval '1 day'; return new;"))
    plan = guard.approve(guard.plan())
    assert guard.apply(plan)["applied"] == 1
    assert guard.value(
        """
        select wallet_updated_at = updated_at
        from claim_ops.journal join user_wallet_balances using (user_id)
        where event = 'applied'
        """
    )


def test_a_trigger_that_empties_new_wallets_is_named(guard: Guard) -> None:
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.plan_and_begin()
    guard.execute(TRIGGER.format(body="new.streakshield_count := 0; return new;"))
    guard.apply(plan)
    assert guard.lines(plan) == {"alice": "not_written"}
    assert guard.shields("alice") is None
