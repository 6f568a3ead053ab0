"""`claimctl status`: what is going on."""

from __future__ import annotations

from typing import Any

import click

from claimctl.options import Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@global_options
@click.pass_obj
def status(options: Options) -> None:
    """Show the switch of the SKUs, whether applies are paused, open plans, the last verification.

    Exit code 0: shown, 2: wrong usage, 3: no connection or no guard, 4: no right to look.

    \b
    Example:
      claimctl status
    """
    from claimctl.database import plain_times, run_sql
    from claimctl.guard import guard
    from claimctl.output import print_json

    with guard(options) as connection, plain_times(connection):
        document = run_sql(connection, "guard/status.sql", {})[0]["status"]
    if options.as_json:
        print_json(document)
    else:
        _print_status(document)


def _print_status(document: dict[str, Any]) -> None:
    from claimctl.output import print_rows, utc
    from claimctl.text import printable

    if document["is_paused"]:
        say(
            f"Applies are PAUSED by {document['changed_by']} since {utc(document['changed_at'])}: "
            f"{printable(document['paused_because'])}"
        )
    else:
        say("Applies are not paused. Times are in UTC.")
    if document["is_single_operator"]:
        say("Single-operator mode is on: a maker may approve.")
    switch = ", ".join(f"{sku} {state}" for sku, state in (document["switch"] or {}).items())
    say(f"The switch: {printable(switch)}.")
    for broken in document["unapproved_break_glass"]:
        say(
            f"Plan {broken['plan_id']} was applied WITHOUT AN APPROVAL by {broken['by']} at "
            f"{utc(broken['applied_at'])}: {printable(broken['reason'])}\n"
            f"Next, as another login:\n  claimctl approve {broken['plan_id']}"
        )
    columns = ("plan_id", "kind", "state", "lines", "made_by", "expires_at")
    rows = [
        [utc(row[c]) if c == "expires_at" else row[c] for c in columns]
        for row in document["open_plans"]
    ]
    if rows:
        print_rows("Open plans", columns, rows)
    else:
        say("No plan is open.")
    verified = document["last_verified"]
    if verified:
        say(
            f"Last verified: plan {verified['plan_id']} at {utc(verified['verified_at'])}, "
            f"{verified['wrong']} wrong."
        )
    else:
        say("No repair has been verified yet.")
