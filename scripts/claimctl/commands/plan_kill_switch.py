"""`claimctl plan kill-switch`: stop the claims of a SKU or of all, and let them go on."""

from __future__ import annotations

import sys
from typing import Any

import click

from claimctl.commands.plan import print_made
from claimctl.errors import NothingToDoError, WrongUsageError
from claimctl.options import NOT_BLANK, Command, Options, global_options


@click.command("kill-switch", cls=Command)
@click.option("--off", "is_off", is_flag=True, help="Stop claims.")
@click.option("--on", "is_on", is_flag=True, help="Let claims go on.")
@click.option("--sku", type=NOT_BLANK, metavar="SKU", help="This SKU.")
@click.option("--all", "is_all", is_flag=True, help="Every SKU of the catalogue, by its name.")
@click.option("--reason", type=NOT_BLANK, required=True, help="Why; the approver reads it.")
@click.option("--now", is_flag=True, help="Apply it at once, to be approved afterwards.")
@click.option("--yes", is_flag=True, help="Do not ask before --now; for scripts.")
@global_options
@click.pass_obj
def kill_switch(
    options: Options,
    is_off: bool,
    is_on: bool,
    sku: str | None,
    is_all: bool,
    reason: str,
    now: bool,
    yes: bool,
) -> None:
    """Plan to switch a SKU, or all, off or on again; with --now it is applied at once.

    Keys of the switch that the catalogue does not know are left alone. A switch that --now applied
    stays a critical alert until another login has approved it.

    Exit code 0: planned or switched, or nothing to do, 1: skipped, 2: wrong usage, 3: no connection
    or no guard, 4: refused.

    \b
    Example:
      claimctl plan kill-switch --off --all --now --reason "every claim fails since 08:10"
      claimctl plan kill-switch --on --sku consumable_streakshield_1 --reason "fixed"
    """
    from claimctl.output import print_json

    if is_on is is_off:
        raise WrongUsageError("Say which way: either --off or --on.")
    if (sku is None) is not is_all:
        raise WrongUsageError("Say for what: --sku SKU, or --all.")
    arguments = {"is_on": is_on, "sku": sku, "reason": reason}
    try:
        if now:
            _switch_now(options, arguments, yes)
        else:
            _plan(options, arguments)
    except NothingToDoError as nothing:
        if not options.as_json:
            raise
        print_json({"plan_id": None, "lines": 0, "message": nothing.message})


def _plan(options: Options, arguments: dict[str, Any]) -> None:
    from claimctl.guard import call, guard, show_plan

    with guard(options) as connection:
        made = show_plan(connection, call(connection, "plan_kill_switch", **arguments))
    print_made(options, made)


def _switch_now(options: Options, arguments: dict[str, Any], yes: bool) -> None:
    """Show, ask once, then plan and break the glass at once: a refusal leaves no plan."""
    from claimctl.commands.apply import apply_and_print
    from claimctl.guard import call, guard, show_plan
    from claimctl.summary import confirm, print_changes

    with guard(options) as connection:
        if not yes:
            with connection.transaction(force_rollback=True):
                shown = show_plan(connection, call(connection, "plan_kill_switch", **arguments))
                call(connection, "break_glass", plan_id=shown["plan_id"], reason=shown["reason"])
            if not options.as_json:
                print_changes(shown)
            confirm("\nWrite the switch now, without an approval?", yes, "look", "claimctl status")
        with connection.transaction():
            plan_id = call(connection, "plan_kill_switch", **arguments)
            call(connection, "break_glass", plan_id=plan_id, reason=arguments["reason"])
    sys.exit(apply_and_print(options, plan_id, yes=True, broke_glass=True))
