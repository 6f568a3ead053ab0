"""`claimctl approve PLAN` and `claimctl reject PLAN`: the second pair of eyes."""

from __future__ import annotations

import click

from claimctl.options import NOT_BLANK, PLAN_ID, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option("--note", type=NOT_BLANK, help="What you looked at; the journal keeps it.")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@global_options
@click.pass_obj
def approve(options: Options, plan_id: int, note: str | None, yes: bool) -> None:
    """Approve PLAN, as another login than the one that made it.

    It approves exactly the plan that it shows: the plan's digest goes along.

    Exit code 0: approved, 2: no such plan, 3: no connection or no guard, 4: refused.

    \b
    Example:
      PGUSER=checker claimctl approve 7 --note "three users looked at, SUP-412"
    """
    from claimctl.guard import call, expiring, guard, show_plan
    from claimctl.output import print_json
    from claimctl.summary import confirm, print_plan

    with expiring(options, plan_id), guard(options) as connection:
        plan = show_plan(connection, plan_id)
        if not options.as_json:
            print_plan(plan)
        is_afterwards = bool(plan["broke_glass_by"] and not plan["approved_by"])
        if is_afterwards or (plan["state"] == "planned" and not plan["is_past_its_time"]):
            confirm(f"\nApprove plan {plan_id}?", yes, "look", f"claimctl show {plan_id}")
        call(connection, "approve_plan", plan_id=plan_id, digest=plan["digest"], note=note)
        plan = show_plan(connection, plan_id)
    if options.as_json:
        print_json(plan)
    elif is_afterwards:
        say(f"\nPlan {plan_id} is approved afterwards.")
    else:
        say(f"\nPlan {plan_id} is approved. Next:\n  claimctl apply {plan_id}")


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option("--reason", type=NOT_BLANK, required=True, help="Why; the maker reads it.")
@global_options
@click.pass_obj
def reject(options: Options, plan_id: int, reason: str) -> None:
    """Reject PLAN, which nobody has begun to apply.

    Exit code 0: rejected, 2: no such plan, 3: no connection or no guard, 4: refused.

    \b
    Example:
      claimctl reject 7 --reason "these users spent their shields"
    """
    from claimctl.guard import call, expiring, guard, show_plan
    from claimctl.output import print_json

    with expiring(options, plan_id), guard(options) as connection:
        call(connection, "reject_plan", plan_id=plan_id, reason=reason)
        plan = show_plan(connection, plan_id)
    if options.as_json:
        print_json(plan)
    else:
        say(f"Plan {plan_id} is rejected.")
