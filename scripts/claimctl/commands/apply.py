"""`claimctl apply PLAN`: the only command that writes to the service's tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from claimctl.errors import ClaimctlError, ExitCode
from claimctl.options import NOT_BLANK, PLAN_ID, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option(
    "--appliers",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="How many connections share the work.",
)
@click.option(
    "--break-glass",
    type=NOT_BLANK,
    metavar="REASON",
    help="Apply a kill switch without an approval; another login approves it afterwards.",
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@global_options
@click.pass_obj
def apply(
    options: Options, plan_id: int, appliers: int, break_glass: str | None, yes: bool
) -> None:
    """Apply the approved PLAN beside live traffic, in small transactions.

    Each line is looked at again and applied whole or skipped with a reason. A killed apply loses
    nothing and doubles nothing: call it again. Several may share a plan.

    Exit code 0: all applied, 1: some skipped or left, or stopped by Ctrl-C, 2: wrong usage, 3: no
    connection or no guard, 4: refused.

    \b
    Example:
      claimctl apply 7 --appliers 2
    """
    sys.exit(apply_and_print(options, plan_id, appliers=appliers, yes=yes, break_glass=break_glass))


def apply_and_print(
    options: Options,
    plan_id: int,
    *,
    yes: bool,
    appliers: int = 1,
    break_glass: str | None = None,
    broke_glass: bool = False,
) -> ExitCode:
    """Apply a plan, print what became of it, and return the exit code.

    `broke_glass`: this process has broken it already, and asked.
    """
    from claimctl.guard import expiring

    try:
        with expiring(options, plan_id):
            outcome = _run(options, plan_id, appliers, yes, break_glass, broke_glass)
    except KeyboardInterrupt:
        raise ClaimctlError(
            "Stopped between two batches, nothing half done. To go on:",
            f"claimctl apply {plan_id}",
        ) from None
    _print_outcome(options, outcome)
    if (broke_glass or break_glass is not None) and not options.as_json:
        say(f"Applied WITHOUT AN APPROVAL. As another login:\n  claimctl approve {plan_id}")
    return ExitCode.FINDINGS if outcome["skipped"] or outcome["pending"] else ExitCode.DONE


def _run(
    options: Options,
    plan_id: int,
    appliers: int,
    yes: bool,
    break_glass: str | None,
    broke_glass: bool,
) -> dict[str, Any]:
    """Ask, open the plan, apply its batches and close it; return what became of its lines."""
    from claimctl.applying import Progress, apply_until_decided
    from claimctl.guard import call, guard, refusals, show_plan
    from claimctl.summary import confirm, print_changes

    with guard(options) as connection:
        plan = show_plan(connection, plan_id)
        opens = "planned" if break_glass is not None else "approved"
        if plan["state"] in (opens, "applying") and not plan["is_past_its_time"]:
            if not options.as_json:
                print_changes(plan)
            look = f"claimctl show {plan_id}"
            confirm(f"\nApply plan {plan_id} to {_what(plan)}?", yes, "look", look)
        if break_glass is not None:
            call(connection, "break_glass", plan_id=plan_id, reason=break_glass)
        elif not broke_glass:
            call(connection, "begin_apply", plan_id=plan_id)
    with _bar(plan) as on_batch, refusals():
        progress = Progress(on_batch)
        outcome = apply_until_decided(options, plan_id, appliers, progress)
    longest = round(1000 * max(progress.batch_seconds, default=0), 1)
    return {
        "plan_id": plan_id,
        **outcome,
        "longest_batch_ms": longest,
        "batches_waited_for": len(progress.waits_ms),
        "longest_wait_ms": max(progress.waits_ms, default=0),
    }


def _what(plan: dict[str, Any]) -> str:
    return "the switch" if plan["switch"] else f"{plan['pending']} wallets"


@contextmanager
def _bar(plan: dict[str, Any]) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and remaining time on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("applying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    error_console = Console(stderr=True)
    with Progress(*columns, console=error_console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(
            "", total=plan["lines"], completed=plan["lines"] - plan["pending"], rate=""
        )

        def on_batch(lines: int) -> None:
            bar.advance(task, lines)
            speed = bar.tasks[task].speed
            bar.update(task, rate=f"{speed:,.0f} wallets/s" if speed else "")

        yield on_batch


def _print_outcome(options: Options, outcome: dict[str, Any]) -> None:
    from claimctl.output import print_json

    if options.as_json:
        print_json(outcome)
        return
    plan_id = outcome["plan_id"]
    say(f"Plan {plan_id}: {outcome['applied']} applied, {outcome['skipped']} skipped.")
    for reason, lines in outcome["reasons"].items():
        say(f"  skipped as {reason}: {lines}")
    if outcome["batches_waited_for"]:
        say(
            f"  Other sessions waited for {outcome['batches_waited_for']} batches, at most "
            f"{outcome['longest_wait_ms']:,.0f} ms; each next batch was smaller and later."
        )
    if outcome["pending"]:
        say(
            f"{outcome['pending']} lines are left to another applier, or to:\n"
            f"  claimctl apply {plan_id}"
        )
    else:
        say(f"Next:\n  claimctl verify {plan_id}")
