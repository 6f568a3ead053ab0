"""`claimctl verify`: read again what was written, and the journal that says so."""

from __future__ import annotations

import sys
from typing import Any

import click

from claimctl.errors import ExitCode, WrongUsageError
from claimctl.options import PLAN_ID, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID, required=False)
@click.option("--journal", is_flag=True, help="Check the journal alone, and print its head.")
@click.option(
    "--head", metavar="HASH", help="A head that was kept outside: the journal must still hold it."
)
@global_options
@click.pass_obj
def verify(options: Options, plan_id: int | None, journal: bool, head: str | None) -> None:
    """Read every wallet that PLAN touched again, and the whole journal, and print its head to keep.

    With --journal it reads no plan. Let a scheduler keep the printed head outside this database and
    pass it to the next run by --head, which then finds a journal whose end was cut off.

    Exit code 0: nothing wrong, 1: a wallet is wrong or the journal was changed, 2: no such plan, 3:
    no connection or no guard, 4: refused.

    \b
    Example:
      claimctl verify 7
      claimctl verify --journal --head "$(cat head-of-yesterday)"
    """
    from claimctl.database import plain_times
    from claimctl.guard import call, guard
    from claimctl.output import print_json

    if (plan_id is None) != journal:
        raise WrongUsageError("Name a plan, or --journal alone: claimctl verify --help.")
    with guard(options) as connection:
        result: dict[str, Any] = {"plan_id": plan_id}
        if plan_id is not None:
            result.update(call(connection, "verify_plan", plan_id=plan_id))
        # The head first: what is checked afterwards reaches at least as far.
        result.update(
            connection.execute(
                "select jsonb_build_object('position', position, 'hash', hash) as journal_head"
                " from claim_ops.journal_batches order by position desc limit 1"
            ).fetchone()
            or {"journal_head": None}
        )
        with plain_times(connection):
            breaks = connection.execute(
                "select * from claim_ops.check_journal(%s)", [head]
            ).fetchall()
    result["journal_breaks"] = breaks
    if options.as_json:
        print_json(result)
    else:
        if plan_id is not None:
            _print_lines(plan_id, result)
        _print_journal(result)
    sys.exit(ExitCode.FINDINGS if result.get("wrong") or breaks else ExitCode.DONE)


def _print_lines(plan_id: int, result: dict[str, Any]) -> None:
    from claimctl.output import print_rows

    names = ("as_written", "changed_since_and_matches_the_ledger", "in_flight", "wrong")
    rows = [(name.replace("_", " "), result[name]) for name in names]
    lines = f"{result['applied']} of {result['lines']} lines are applied"
    print_rows(f"Plan {plan_id}: {lines}", ("state", "lines"), rows)
    if result["wrong_users"]:
        say("\nWrong: " + ", ".join(map(str, result["wrong_users"])))
        say("Next, look at one, build, and plan again:\n  claimctl explain USER\n  dbt build")


def _print_journal(result: dict[str, Any]) -> None:
    for each in result["journal_breaks"]:
        position = each["journal_position"]
        place = "" if position is None else f" at {position}"
        say(f"\nThe journal is broken{place}: {each['problem']}")
    if head := result["journal_head"]:
        say(f"\nJournal head {head['position']}, to keep outside this database:\n  {head['hash']}")
    else:
        say("\nThe journal is empty.")
