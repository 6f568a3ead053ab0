"""The outage: claims fail, the switch goes off, purchases queue up, and all come back in steps."""

from __future__ import annotations

import time
from pathlib import Path

from sandbox.drills.common import (
    ONCALL,
    all_is_green,
    approve_and_apply,
    hold_traffic,
    make,
    refund_what_caps_refused,
    value,
    wait_until_settled,
)
from sandbox.errors import DemoError
from sandbox.repair import APPROVER, claimctl
from sandbox.stage import TRAFFIC, Demo
from sandbox.traffic import stop_traffic
from sandbox.writers import BOOSTER, SHIELD

FAILURE = Path(__file__).parent / "outage.sql"
FAILING_SECONDS = 6
QUEUEING_SECONDS = 8
# The service at work: requests that failed, and purchases that nobody has claimed.
FAILED = "select count(*) from function_metrics where status_code = 500"
QUEUED = "select count(*) from queued_purchases"
UNCLAIMED = """
    select count(distinct tx_id)
    from audit_purchases
    where purchased_at > now() - interval '1 hour'
        and not exists (
            select from purchase_claims where purchase_claims.tx_id = audit_purchases.tx_id
        )
"""


def fail(demo: Demo) -> str:
    """Let every claim fail."""
    before = value(demo, FAILED)
    # Between two requests of each writer: claims that die half-way are the demo's matter.
    stop_traffic(TRAFFIC)
    with demo.connect() as connection:
        connection.execute(FAILURE.read_bytes())
        row = connection.execute("select to_char(now() at time zone 'UTC', %s)", [ISO]).fetchone()
    assert row is not None
    demo.notes["outage began"] = str(row[0])
    demo.start_traffic()
    time.sleep(FAILING_SECONDS)
    return f"{value(demo, FAILED) - before} requests failed with internal_error"


def switch_off(demo: Demo) -> str:
    """Switch all claims off, without waiting for an approval."""
    reason = ("--reason", "every claim fails: no space left on device")
    claimctl(demo, ONCALL, "plan", "kill-switch", "--off", "--all", "--now", "--yes", *reason)
    claimctl(demo, ONCALL, "status")
    plan = value(demo, "select plan_id from claim_ops.unapproved_break_glass")
    claimctl(demo, APPROVER, "approve", str(plan), "--yes", head=1)
    if value(demo, "select count(*) from claim_ops.unapproved_break_glass"):
        raise DemoError("the broken glass is still listed.")
    return f"{ONCALL} switched all off with plan {plan}; {APPROVER} approved it afterwards"


def let_events_queue(demo: Demo) -> str:
    """Let the purchases that still come queue up, then none: the app no longer offers them."""
    claims = "select count(*) from purchase_claims"
    before = value(demo, claims)
    time.sleep(QUEUEING_SECONDS)
    stop_traffic(TRAFFIC)
    if value(demo, claims) != before:
        raise DemoError("a claim went through although the switch is off.")
    if not value(demo, QUEUED):
        raise DemoError("nothing was queued.")
    distinct = value(demo, "select count(distinct tx_id) from queued_purchases")
    return f"{value(demo, QUEUED)} events of {distinct} purchases are queued, none is claimed"


def fix(demo: Demo) -> str:
    """Fix the cause."""
    with demo.connect() as connection:
        connection.execute("drop function fail_claims() cascade")
        row = connection.execute("select to_char(now() at time zone 'UTC', %s)", [ISO]).fetchone()
    assert row is not None
    demo.notes["outage ended"] = str(row[0])
    return f"the disk has space again; {value(demo, UNCLAIMED)} purchases lack their claim"


def replay_queue(demo: Demo) -> str:
    """Replay the queue."""
    plan = make(demo, "queue", "--reason", "replay after the outage")
    approve_and_apply(demo, plan)
    return f"plan {plan} claimed {_claimed(demo, plan)} queued purchases, in order and once each"


def recover_the_rest(demo: Demo) -> str:
    """Recover the purchases that failed and were never queued."""
    hours = ("--from", demo.notes["outage began"], "--to", demo.notes["outage ended"])
    plan = make(demo, "recovery", *hours, "--reason", "failed in the outage, never queued")
    approve_and_apply(demo, plan)
    return f"plan {plan} claimed {_claimed(demo, plan)} purchases of the outage's hours"


def let_support_override_one(demo: Demo) -> str:
    """Give one user the purchase that his cap refused."""
    with demo.connect() as connection:
        row = connection.execute(
            "select tx_id, user_id::text from claim_ops.plan_left_out where reason = 'over_cap'"
            " order by plan_id desc, number limit 1"
        ).fetchone()
    if row is None:
        return "no purchase was beyond its cap"
    tx_id, user = map(str, row)
    case = ("--ticket", "SUP-412", "--reason", "the outage moved his claim into this week")
    plan = make(demo, "override", tx_id, "--user", user, *case)
    approve_and_apply(demo, plan)
    return f"plan {plan} claimed one purchase beyond its cap, for ticket SUP-412"


def switch_shields_on(demo: Demo) -> str:
    """Switch the shields on again."""
    return _switch_on(demo, SHIELD)


def switch_boosters_on(demo: Demo) -> str:
    """Switch the boosters on again."""
    return _switch_on(demo, BOOSTER)


def let_traffic_flow_again(demo: Demo) -> str:
    """Let the traffic flow for a while, and hold its own log against claims and wallets."""
    demo.start_traffic()
    time.sleep(QUEUEING_SECONDS)
    ours = hold_traffic(demo)
    return f"no claim of the traffic is lost or doubled; {ours} were made by plans"


def _switch_on(demo: Demo, sku: str) -> str:
    plan = make(demo, "kill-switch", "--on", "--sku", sku, "--reason", "fixed, step by step")
    approve_and_apply(demo, plan)
    claimctl(demo, ONCALL, "status", head=2)
    return f"plan {plan} switched {sku} on, and is verified"


def _claimed(demo: Demo, plan: str) -> int:
    return int(value(demo, f"select count(*) from claim_ops.plan_claims where plan_id = {plan}"))


ISO = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
STEPS = (
    fail,
    switch_off,
    let_events_queue,
    fix,
    wait_until_settled,
    replay_queue,
    recover_the_rest,
    let_support_override_one,
    switch_shields_on,
    switch_boosters_on,
    let_traffic_flow_again,
    refund_what_caps_refused,
    all_is_green,
)
