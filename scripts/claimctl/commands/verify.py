"""`claimctl verify PLAN`: read again what was written."""

from __future__ import annotations

import sys

import click

from claimctl.errors import ExitCode
from claimctl.options import PLAN_ID, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@global_options
@click.pass_obj
def verify(options: Options, plan_id: int) -> None:
    """Read every wallet that PLAN touched again, and the whole journal, and print its head to keep.

    Exit code 0: nothing wrong, 1: a wallet is wrong or the journal was changed, 2: no such plan, 3:
    no connection or no guard, 4: refused.

    \b
    Example:
      claimctl verify 7
    """
    from claimctl.database import plain_times
    from claimctl.guard import call, guard
    from claimctl.output import print_json, print_rows

    with guard(options) as connection:
        result = call(connection, "verify_plan", plan_id=plan_id)
        with plain_times(connection):
            breaks = connection.execute("select * from claim_ops.check_journal()").fetchall()
    result = {"plan_id": plan_id, **result, "journal_breaks": breaks}
    if options.as_json:
        print_json(result)
    else:
        names = ("as_written", "changed_since_and_matches_the_ledger", "in_flight", "wrong")
        rows = [(name.replace("_", " "), result[name]) for name in names]
        lines = f"{result['applied']} of {result['lines']} lines are applied"
        print_rows(f"Plan {plan_id}: {lines}", ("state", "lines"), rows)
        if result["wrong_users"]:
            say("\nWrong: " + ", ".join(map(str, result["wrong_users"])))
            say("Next, look at one, build, and plan again:\n  claimctl explain USER\n  dbt build")
        head = result["journal_head"]
        for each in breaks:
            say(f"\nThe journal is broken at {each['journal_position']}: {each['problem']}")
        say(f"\nJournal head {head['position']}, to keep outside this database:\n  {head['hash']}")
    sys.exit(ExitCode.FINDINGS if result["wrong"] or breaks else ExitCode.DONE)
