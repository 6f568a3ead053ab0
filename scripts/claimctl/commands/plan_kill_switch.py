"""`claimctl plan kill-switch`: stop the claims of a SKU or of all, and let them go on."""

from __future__ import annotations

import sys
from typing import Any

import click

from claimctl.commands.plan import print_made
from claimctl.errors import NothingToDoError, WrongUsageError
from claimctl.options import Options, global_options


@click.command("kill-switch")
@click.option("--off", "is_on", flag_value=False, type=bool, default=None, help="Stop claims.")
@click.option("--on", "is_on", flag_value=True, type=bool, help="Let claims go on.")
@click.option("--sku", metavar="SKU", help="This SKU.")
@click.option("--all", "is_all", is_flag=True, help="Every SKU of the catalogue, by its name.")
@click.option("--reason", required=True, help="Why; the approver reads it.")
@click.option("--now", is_flag=True, help="Apply it at once, to be approved afterwards.")
@click.option("--yes", is_flag=True, help="Do not ask before --now; for scripts.")
@global_options
@click.pass_obj
def kill_switch(
    options: Options,
    is_on: bool | None,
    sku: str | None,
    is_all: bool,
    reason: str,
    now: bool,
    yes: bool,
) -> None:
    """Plan to switch a SKU, or all, off or on again; with --now it is applied at once.

    Keys of the switch that the catalogue does not know are left. What --now applied stays a
    critical alert until another login has approved it.

    Exit code 0: planned or switched, or nothing to do, 1: skipped, 2: wrong usage, 3: no connection
    or no guard, 4: refused.

    \b
    Example:
      claimctl plan kill-switch --off --all --now --reason "every claim fails since 08:10"
      claimctl plan kill-switch --on --sku consumable_streakshield_1 --reason "fixed"
    """
    from claimctl.output import print_json

    if is_on is None:
        raise WrongUsageError("Say which way: --off or --on.")
    if (sku is None) is not is_all:
        raise WrongUsageError("Say for what: --sku SKU, or --all.")
    try:
        made = _make(options, {"is_on": is_on, "sku": sku, "reason": reason}, is_shown=not now)
    except NothingToDoError as nothing:
        if not options.as_json:
            raise
        print_json({"plan_id": None, "lines": 0, "message": nothing.message})
        return
    if now:
        _apply_now(options, made, yes)


def _make(options: Options, arguments: dict[str, Any], *, is_shown: bool) -> dict[str, Any]:
    from claimctl.guard import call, guard, show_plan

    with guard(options) as connection:
        made = show_plan(connection, call(connection, "plan_kill_switch", **arguments))
    if is_shown:
        print_made(options, made)
    return made


def _apply_now(options: Options, made: dict[str, Any], yes: bool) -> None:
    """Ask once, apply without an approval, and say who has to look at it."""
    from claimctl.commands.apply import apply_and_print

    outcome = apply_and_print(options, made["plan_id"], yes=yes, break_glass=made["reason"])
    sys.exit(outcome)
