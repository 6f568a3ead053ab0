"""`claimctl verify PLAN`: read again what was written."""

from __future__ import annotations

import sys

import click

from claimctl.errors import ExitCode
from claimctl.options import PLAN_ID, Options, global_options


@click.command()
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
    from claimctl.guard import call, guard
    from claimctl.output import print_json, print_rows

    with guard(options) as connection:
        result = call(connection, "verify_plan", plan_id=plan_id)
        breaks = connection.execute("select * from claim_ops.check_journal()").fetchall()
    result["journal_breaks"] = breaks
    if options.as_json:
        print_json(result)
    else:
        names = ("as_written", "changed_since_and_matches_the_ledger", "in_flight", "wrong")
        rows = [(name.replace("_", " "), result[name]) for name in names]
        lines = f"{result['applied']} of {result['lines']} lines are applied"
        print_rows(f"Plan {plan_id}: {lines}", ("state", "lines"), rows)
        if result["wrong_users"]:
            print("\nWrong: " + ", ".join(map(str, result["wrong_users"])))
            print("Next: claimctl explain USER; dbt build, then plan again")
        head = result["journal_head"]
        for each in breaks:
            print(f"\nThe journal is broken at {each['journal_position']}: {each['problem']}")
        print(
            f"\nJournal head {head['position']}, to keep outside this database:\n  {head['hash']}"
        )
    sys.exit(ExitCode.FINDINGS if result["wrong"] or breaks else ExitCode.DONE)
