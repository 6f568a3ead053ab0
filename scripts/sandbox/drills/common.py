"""What both drills do: plans from beginning to end, waiting, and the last look."""

from __future__ import annotations

import math
import re
import time
from typing import Any

from sandbox.dbt_build import SERVICE_WAS_DOWN, judge
from sandbox.errors import DemoError
from sandbox.repair import APPLIER, APPROVER, MAKER, REFUSED, claimctl, make_plan
from sandbox.stage import FOLDER, RUN_RESULTS, TRAFFIC, Demo, shown
from sandbox.traffic import account_for, stop_traffic

ONCALL = "nora"
SETTLE_MINUTES = 1
DONE, FINDINGS = 0, 1
REFUND = """
    insert into audit_purchases (tx_id, user_id, sku, status)
    select distinct tx_id, user_id, sku, 'REFUND'
    from audit_purchases
    where not exists (
        select from purchase_claims where purchase_claims.tx_id = audit_purchases.tx_id
    )
"""


def value(demo: Demo, query: str) -> Any:
    """Return the only value of a query's only row."""
    with demo.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def make(demo: Demo, *arguments: str) -> str:
    """Make a plan as the maker; return its number."""
    return str(make_plan(demo, "plan", *arguments))


def make_with_raised_limits(demo: Demo, *arguments: str) -> str:
    """Make a plan that the breakers refuse, with the limits raised that the refusals name.

    What looks like spends is refused first, then what looks like grants, then sheer size.
    """
    limits: dict[str, str] = {}
    for _ in range(4):
        raised = (part for limit in limits.items() for part in ("--raise", "=".join(limit)))
        said = claimctl(demo, MAKER, "plan", *arguments, *raised, expect=(REFUSED, DONE))
        if made := re.search(r"^Plan (\d+) is made", said, re.MULTILINE):
            return made[1]
        # With some room: the traffic goes on while somebody reads.
        for name, figure in re.findall(r"(max_\w+) is ([\d.]*\d), limit", said):
            limits[name] = f"{math.ceil(1_200 * float(figure)) / 1_000:g}"
    raise DemoError("the refusals do not say how to go on.")


def approve_and_apply(
    demo: Demo, plan: str, *options: str, expect: int | tuple[int, ...] = DONE
) -> None:
    """Have another login approve a plan, apply it and verify what was written."""
    claimctl(demo, APPROVER, "approve", plan, "--yes", head=1)
    claimctl(demo, APPLIER, "apply", plan, "--yes", *options, expect=expect, head=1, tail=3)
    claimctl(demo, APPLIER, "verify", plan, head=7, tail=0)


def wait_until_settled(demo: Demo) -> str:
    """Wait until what happened last is older than settle_minutes."""
    seconds = 60 * SETTLE_MINUTES + 2
    for left in range(seconds, 0, -1):
        demo.status.update(f"Waiting until everything is settled: {left} s ...")
        time.sleep(1)
    return f"{seconds} seconds later everything is settled (settle_minutes {SETTLE_MINUTES})"


def hold_traffic(demo: Demo) -> int:
    """Stop the traffic and hold its log against claims and wallets; return the claims of plans."""
    stop_traffic(TRAFFIC)
    with demo.connect() as connection:
        account = account_for(connection, TRAFFIC)
    ours = int(value(demo, "select count(*) from claim_ops.plan_claims"))
    if account.lost_claims or account.unacknowledged_claims != ours:
        raise DemoError(
            f"of the live traffic {account.lost_claims} claims are lost; nobody asked for"
            f" {account.unacknowledged_claims}, plans made {ours}."
        )
    return ours


def refund_what_caps_refused(demo: Demo) -> str:
    """Have the store pay back what the caps refused: who paid gets one or the other."""
    with demo.connect() as connection:
        refunds = connection.execute(REFUND.encode()).rowcount
    return f"{refunds} purchases beyond their caps are refunded"


def all_is_green(demo: Demo) -> str:
    """Run dbt build, and the runbook's integrity check: no wallet, claim or cap may be wrong.

    That the service was down is true for as long as the error budgets remember it.
    """
    log = FOLDER / "last_dbt_build.log"
    demo.dbt("build", log=log)
    verdict = judge(RUN_RESULTS)
    if complaint := verdict.complaint(possible_failures=SERVICE_WAS_DOWN):
        raise DemoError(f"{complaint} (see {shown(log)}).")
    wrong = value(demo, "select count(*) from claim_ops.check_wallet_integrity()")
    if wrong:
        raise DemoError(f"check_wallet_integrity() lists {wrong} wallets.")
    return f"dbt build: {verdict}\n  check_wallet_integrity() lists nobody"
