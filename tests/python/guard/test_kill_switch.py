"""The kill switch: one SKU or all, off and on, in the one row that the service reads."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA
from support.guard import BOOSTER, CHECKER, RUNNER, SHIELD, Guard

BOTH_ON = {SHIELD: True, BOOSTER: True}


def switch(guard: Guard) -> Any:
    """Return the switch as the service reads it."""
    return guard.value("select value from store_config where key = 'sku_enabled'")


def set_switch(guard: Guard, value: Any) -> None:
    """Set the switch past the guard."""
    guard.execute(f"update store_config set value = '{json.dumps(value)}'")


def plan(guard: Guard, sku: str | None = SHIELD, *, is_on: bool = False) -> int:
    """Plan to switch one SKU, or all."""
    return guard.make("plan_kill_switch", is_on=is_on, sku=sku)


def applied(guard: Guard, sku: str | None = SHIELD, *, is_on: bool = False) -> int:
    """Plan, approve and apply a change of the switch; return the plan."""
    made = guard.approve(plan(guard, sku, is_on=is_on))
    assert guard.apply(made)["applied"] == 1
    return made


def line(guard: Guard, plan_id: int) -> tuple[str, str | None]:
    """Return the state of a plan's one line, and why it was skipped."""
    ((state, reason),) = guard.rows(
        f"select state, skipped_because from claim_ops.line_states where plan_id = {plan_id}"
    )
    return state, reason


def test_one_sku_goes_off_and_the_service_refuses_it(guard: Guard) -> None:
    set_switch(guard, {**BOTH_ON, "of the future": {"a": 1}})
    made = applied(guard)
    assert switch(guard) == {SHIELD: False, BOOSTER: True, "of the future": {"a": 1}}
    claim = f"select status_code, error_code from claim_purchase('tx', 'alice', '{SHIELD}')"
    assert guard.rows(claim) == [(403, "sku_disabled")]
    assert guard.rows(
        f"""
        select user_id, before, after from claim_ops.journal
        where event = 'applied' and plan_id = {made}
        """
    ) == [(None, {SHIELD: True}, {SHIELD: False})]
    applied(guard, is_on=True)
    assert guard.rows(claim) == [(200, None)]


def test_all_are_written_one_by_one(guard: Guard) -> None:
    set_switch(guard, {"of the future": True})
    applied(guard, None)
    assert switch(guard) == {SHIELD: False, BOOSTER: False, "of the future": True}


def test_an_empty_switch_is_written_for_all_and_for_none_alone(guard: Guard) -> None:
    set_switch(guard, {})
    with guard.refuses("CO013", "--all"):
        plan(guard)
    applied(guard, None)
    assert switch(guard) == {SHIELD: False, BOOSTER: False}


@pytest.mark.parametrize("value", ["off", [SHIELD], None, True])
def test_a_switch_that_is_no_map_is_left_alone(guard: Guard, value: Any) -> None:
    set_switch(guard, value)
    for sku in (SHIELD, None):
        with guard.refuses("CO013", "update ") as caught:
            plan(guard, sku)
    guard.execute(str(caught.value.diag.message_hint).split(": ", 1)[1])
    assert switch(guard) == BOTH_ON


def test_the_statement_that_makes_the_switch_is_told_and_works(guard: Guard) -> None:
    guard.execute("delete from store_config")
    for sku in (SHIELD, None):
        with guard.refuses("CO013", "insert into") as caught:
            plan(guard, sku)
    guard.execute(str(caught.value.diag.message_hint).split(": ", 1)[1])
    assert switch(guard) == BOTH_ON
    applied(guard)


def test_two_switches_are_none(guard: Guard) -> None:
    guard.execute(
        "alter table store_config drop constraint store_config_pkey;"
        "insert into store_config table store_config"
    )
    with guard.refuses("CO013") as caught:
        plan(guard)
    assert "2 rows sku_enabled" in str(caught.value)


def test_an_unknown_sku_is_named_with_those_that_are_known(guard: Guard) -> None:
    with guard.refuses("CO013") as caught:
        plan(guard, "hat")
    assert f"{SHIELD}, {BOOSTER}" in str(caught.value.diag.message_detail)


def test_nothing_to_do_where_it_is_so_already(guard: Guard) -> None:
    applied(guard)
    with guard.refuses("CO014"):
        plan(guard)
    with guard.refuses("CO014"):
        plan(guard, BOOSTER, is_on=True)


def test_a_switch_that_somebody_else_turned_is_skipped(guard: Guard) -> None:
    made = guard.approve(plan(guard, None))
    set_switch(guard, {SHIELD: False, BOOSTER: True})
    assert guard.apply(made)["reasons"] == {"changed": 1}
    assert switch(guard) == {SHIELD: False, BOOSTER: True}


@pytest.mark.parametrize(
    "spoilt", ["delete from store_config", "update store_config set value = '[]'"]
)
def test_a_switch_that_is_gone_is_skipped(guard: Guard, spoilt: str) -> None:
    made = guard.approve(plan(guard))
    guard.execute(spoilt)
    assert guard.apply(made)["reasons"] == {"changed": 1}


# What an emergency does not wait for


def test_a_pause_does_not_stop_it(guard: Guard) -> None:
    guard.call(CHECKER, "pause", "stop")
    applied(guard)
    assert switch(guard)[SHIELD] is False


def test_it_needs_no_models(guard: Guard) -> None:
    made = plan(guard)
    guard.execute(f"drop schema {MODELS_SCHEMA} cascade")
    guard.apply(guard.approve(made))
    applied(guard, is_on=True)


def test_rules_that_moved_on_only_warn(guard: Guard) -> None:
    made = plan(guard)
    guard.execute("update claim_ops.settings set digest = 'another'")
    warned = plan(guard, BOOSTER)
    warnings = "select limits ->> 'warning' from claim_ops.plans where plan_id = {}"
    assert guard.value(warnings.format(made)) is None
    assert "built with other settings" in guard.value(warnings.format(warned))
    for each in (made, warned):
        assert guard.apply(guard.approve(each))["applied"] == 1


def test_it_waits_for_its_row(guard: Guard, beside: ThreadPoolExecutor) -> None:
    """Longer than a batch waits for a wallet: 200 ms."""
    made = guard.begin(guard.approve(plan(guard)))
    with guard.connect(autocommit=False) as somebody:
        somebody.execute("update store_config set value = value || '{\"other\": true}'")
        applying = beside.submit(guard.batch, made)
        guard.wait_until("exists (select from pg_locks where not granted)")
        with pytest.raises(TimeoutError):
            applying.result(timeout=0.6)
        somebody.commit()
        assert applying.result()
    assert switch(guard) == {SHIELD: False, BOOSTER: True, "other": True}


def test_a_row_that_is_never_let_go_is_busy(guard: Guard) -> None:
    made = guard.begin(guard.approve(plan(guard)))
    guard.execute("alter function claim_ops._apply_kill_switch set lock_timeout = '10ms'")
    with guard.connect(autocommit=False) as somebody:
        somebody.execute("select from store_config for update")
        guard.batch(made)
        assert line(guard, made) == ("pending", None)
        guard.batch(made, number=10)
    assert line(guard, made) == ("skipped", "busy")


# Afterwards


def test_a_rollback_gives_back_what_was_said_before(guard: Guard) -> None:
    set_switch(guard, {BOOSTER: "maybe", "other": 1})
    made = applied(guard, None)
    guard.apply(guard.roll_back(made))
    assert switch(guard) == {BOOSTER: "maybe", "other": 1}
    assert guard.state(made) == "rolled_back"


def test_a_rollback_leaves_a_row_that_somebody_wrote_since(guard: Guard) -> None:
    """Equal values are not enough: off, on and off again by hand is somebody else's word."""
    made = applied(guard, None)
    rollback = guard.roll_back(made)
    off = switch(guard)
    set_switch(guard, {**off, BOOSTER: True})
    set_switch(guard, off)
    assert guard.apply(rollback)["reasons"] == {"changed": 1}
    assert switch(guard) == off


def test_a_rollback_passes_a_later_plan_of_another_sku(guard: Guard) -> None:
    made = applied(guard, BOOSTER)
    applied(guard, SHIELD)
    assert guard.apply(guard.roll_back(made))["applied"] == 1
    assert switch(guard)[BOOSTER] is True
    assert switch(guard)[SHIELD] is False


def test_a_rollback_leaves_what_a_later_plan_switched(guard: Guard) -> None:
    """A stale rollback must not switch on again what another plan switched off for fraud."""
    made = applied(guard, BOOSTER)
    guard.apply(guard.roll_back(made))
    fraud = applied(guard, BOOSTER)
    with guard.refuses("CO002"):
        guard.roll_back(made)
    first = guard.value(f"select plan_id from claim_ops.plans where reverses = {made}")
    again = guard.roll_back(first)
    assert guard.apply(again)["reasons"] == {"changed": 1}
    assert guard.call(RUNNER, "verify_plan", fraud)["as_written"] == 1
    assert switch(guard)[BOOSTER] is False


def test_a_rollback_leaves_what_changed_since(guard: Guard) -> None:
    made = applied(guard, None)
    set_switch(guard, {SHIELD: False, BOOSTER: True})
    rollback = guard.roll_back(made)
    assert guard.apply(rollback)["reasons"] == {"changed": 1}
    assert switch(guard) == {SHIELD: False, BOOSTER: True}


def test_verify_tells_a_later_plan_from_somebody_past_the_guard(guard: Guard) -> None:
    first = applied(guard, None)

    def verified() -> Any:
        result = guard.call(RUNNER, "verify_plan", first)
        return {key for key, count in result.items() if count == 1} - {"lines", "applied"}

    assert verified() == {"as_written"}
    applied(guard, is_on=True)
    assert verified() == {"changed_since_and_matches_the_ledger"}
    set_switch(guard, BOTH_ON)
    assert verified() == {"wrong"}


def test_a_trigger_that_swallows_it_is_named(guard: Guard) -> None:
    guard.execute(
        """
        create function swallow() returns trigger language plpgsql as 'begin return null; end';
        create trigger keeps_the_switch before update on store_config
        for each row execute function swallow();
        """
    )
    made = guard.begin(guard.approve(plan(guard)))
    with guard.refuses("CO011", f"claimctl apply {made}") as caught:
        guard.batch(made)
    assert "keeps_the_switch" in str(caught.value)


def test_what_the_switch_says_of_each_sku(guard: Guard) -> None:
    def shown(*states: str) -> bool:
        rows = guard.rows("select sku, state from claim_ops.show_switch()")
        return rows == list(zip((SHIELD, BOOSTER), states, strict=True))

    assert shown("on", "on")
    set_switch(guard, {SHIELD: False})
    assert shown("off", "not named")
    set_switch(guard, {SHIELD: "maybe", BOOSTER: None})
    assert shown("maybe", "null")
    set_switch(guard, [])
    assert shown("no map", "no map")
    guard.execute("delete from store_config")
    assert shown("no row", "no row")
