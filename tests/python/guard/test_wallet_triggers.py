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


@pytest.mark.parametrize(
    ("body", "state", "said"),
    [
        pytest.param(ONE_MORE, "CO011", ["user-00003", "spoils_wallets"], id="changes the value"),
        pytest.param(NOTHING, "CO011", ["user-00003", "spoils_wallets"], id="returns null"),
        pytest.param(INTRUDER, "42501", ["permission denied", "spoil()"], id="writes a journal"),
    ],
)
def test_a_trigger_that_interferes_stops_the_apply(
    guard: Guard, body: str, state: str, said: list[str]
) -> None:
    """The batch leaves nothing; with the trigger gone, the same plan goes on."""
    guard.add_short_wallets(3)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=2)
    guard.execute(TRIGGER.format(body=body))
    with guard.refuses(state) as caught:
        guard.batch(plan)
    message = f"{caught.value} {caught.value.diag.message_detail} {caught.value.diag.context}"
    assert [part for part in said if part not in message] == []
    assert guard.state(plan) == "applying"

    guard.execute("drop trigger spoils_wallets on user_wallet_balances")
    assert guard.apply(plan)["applied"] == 3


def test_a_trigger_that_spoils_one_row_rolls_back_the_batch(guard: Guard) -> None:
    """Every row has to come back as planned, not only some."""
    guard.add_short_wallets(5)
    plan = guard.plan_and_begin()
    one = f"if new.user_id = 'user-00004' then {ONE_MORE} end if; return new;"
    guard.execute(TRIGGER.format(body=one))
    with guard.refuses("CO011") as caught:
        guard.batch(plan)
    assert "user-00004" in str(caught.value)


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


def test_a_trigger_that_empties_new_wallets_stops_the_apply(guard: Guard) -> None:
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.plan_and_begin()
    guard.execute(TRIGGER.format(body="new.streakshield_count := 0; return new;"))
    with guard.refuses("CO011"):
        guard.batch(plan)
    assert guard.shields("alice") is None
