"""The corruption: a third of the wallets is overwritten, found, backed up and repaired."""

from __future__ import annotations

import csv

from sandbox.dbt_build import judge
from sandbox.drills.common import (
    DONE,
    FINDINGS,
    all_is_green,
    approve_and_apply,
    hold_traffic,
    make_with_raised_limits,
    refund_what_caps_refused,
    value,
    wait_until_settled,
)
from sandbox.errors import DemoError
from sandbox.repair import MAKER, claimctl
from sandbox.stage import FOLDER, RUN_RESULTS, Demo, shown

FOR_SUPPORT = FOLDER / "affected_users.csv"
FOUND_BY = "assert_unsettled_wallets_are_few"
TAKE = ("--include-excess", "streakshield")
# Thirty of a hundred wallets: half of them empty, half of them with nine shields.
OVERWRITE = """
    update user_wallet_balances
    set
        streakshield_count = case when user_id::text < '8' then 0 else 9 end,
        xp_booster_until = null,
        updated_at = now()
    where ('x' || left(md5(user_id::text), 7))::bit(28)::int % 100 < 30
"""
WRONG = "select count(*) from dbt_claim_reconciliation.fct_wallet_discrepancies"
BACKUP = """
    create table emergency_wallet_backup as
    select *, now() as backup_timestamp from user_wallet_balances
"""


def overwrite_wallets(demo: Demo) -> str:
    """Overwrite thirty of a hundred wallets beside the live traffic."""
    demo.start_traffic()
    with demo.connect() as connection:
        overwritten = connection.execute(OVERWRITE.encode()).rowcount
    wallets = value(demo, "select count(*) from user_wallet_balances")
    demo.notes["overwritten"] = str(overwritten)
    return f"{overwritten} of {wallets} wallets are overwritten"


def find_it(demo: Demo) -> str:
    """Run dbt build: a bulk overwrite is no live traffic, however young it is."""
    log = FOLDER / "dbt_build_of_the_corruption.log"
    demo.dbt("build", "--select", "int_wallet_balances+", log=log)
    failed = judge(RUN_RESULTS).named("fail")
    if FOUND_BY not in failed:
        raise DemoError(f"{FOUND_BY} did not fail (see {shown(log)}).")
    wrong = value(demo, WRONG)
    return f"dbt build fails by {', '.join(sorted(failed))}; {wrong} balances are wrong"


def back_up(demo: Demo) -> str:
    """Back all wallets up, before anything is repaired."""
    with demo.connect() as connection:
        rows = connection.execute(BACKUP.encode()).rowcount
    return f"emergency_wallet_backup holds {rows} wallets"


def repair(demo: Demo) -> str:
    """Plan the repair, which the breakers stop; raise the limits that they name, and apply it."""
    plan = make_with_raised_limits(
        demo,
        "wallets",
        *TAKE,
        "--reason",
        "OPS-7: 30 % overwritten; cause stopped, backed up",
    )
    # Users who claim meanwhile are left alone, which is exit code 1.
    lines = value(demo, f"select lines from claim_ops.plans where plan_id = {plan}")
    approve_and_apply(demo, plan, "--appliers", "2", expect=(DONE, FINDINGS))
    demo.notes["repair"] = plan
    applied = value(
        demo,
        f"select count(*) from claim_ops.line_states where plan_id = {plan} and state = 'applied'",
    )
    return f"plan {plan} repaired {applied} of {lines} wallets beside the live traffic"


def repair_the_rest(demo: Demo) -> str:
    """Repair those in the middle of a claim, and an excess that a refused purchase explained."""
    demo.dbt_or_error("run", "--select", "int_wallet_balances+", log=FOLDER / "dbt_run.log")
    if not value(demo, WRONG):
        return "nobody was left"
    plan = make_with_raised_limits(
        demo,
        "wallets",
        *TAKE,
        "--reason",
        f"OPS-7: in flight while plan {demo.notes['repair']} was applied",
    )
    approve_and_apply(demo, plan)
    return f"plan {plan} repaired the others"


def list_for_support(demo: Demo) -> str:
    """List the affected users for customer support."""
    claimctl(demo, MAKER, "show", demo.notes["repair"], "--csv", str(FOR_SUPPORT))
    with FOR_SUPPORT.open(encoding="utf-8") as file:
        users = {row["user_id"] for row in csv.DictReader(file)}
    return f"{shown(FOR_SUPPORT)} names {len(users)} users, what they had and what they have"


def stop_the_traffic(demo: Demo) -> str:
    """Hold the traffic's own log against the claims."""
    hold_traffic(demo)
    return "no claim of the traffic is lost"


STEPS = (
    overwrite_wallets,
    find_it,
    back_up,
    wait_until_settled,
    repair,
    stop_the_traffic,
    refund_what_caps_refused,
    wait_until_settled,
    repair_the_rest,
    list_for_support,
    all_is_green,
)
