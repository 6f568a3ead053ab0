"""`claimctl plan …`: make a plan, which changes nothing yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from claimctl.errors import NothingToDoError, WrongUsageError
from claimctl.options import NOT_BLANK, PLAN_ID, Command, Group, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.database import Database


@click.group(cls=Group)
@global_options
def plan() -> None:
    """Plan a repair; nothing of the service is changed before approve and apply.

    \b
    Example:
      claimctl plan wallets --reason "lost updates of 24 November"
    """


def make(
    options: Options,
    function: str,
    arguments: dict[str, Any],
    *,
    user: str | None,
    raised: tuple[str, ...],
    lists: dict[str, list[str] | None] | None = None,
) -> None:
    """Have a function of the guard make a plan, and print it; nothing to plan is no fault.

    `lists` are arguments that name users, who are written as the database writes them.
    """
    from psycopg.types.json import Jsonb

    from claimctl.guard import call, guard, show_plan
    from claimctl.output import print_json

    limits = Jsonb(_limits(raised))
    try:
        with guard(options) as connection:
            user_id = user and _user_ids(connection, [user])[0]
            for name, users in (lists or {}).items():
                arguments[name] = users and _user_ids(connection, users)
            plan_id = call(connection, function, **arguments, user_id=user_id, **{"raise": limits})
            print_made(options, show_plan(connection, plan_id))
    except NothingToDoError as nothing:
        if not options.as_json:
            raise
        print_json({"plan_id": None, "lines": 0, "message": nothing.message})


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option("--reason", type=NOT_BLANK, required=True, help="Why; the approver reads it.")
@global_options
@click.pass_obj
def rollback(options: Options, plan_id: int, reason: str) -> None:
    """Plan the reverse of PLAN's applied lines; approve and apply it like any plan.

    Wallets that have changed since are left alone and listed. A plan that is being applied is
    stopped.

    Exit code 0: planned, 2: wrong usage, 3: no connection or no guard, 4: refused.

    \b
    Example:
      claimctl rollback 7 --reason "the catalogue was wrong"
    """
    from claimctl.guard import call, guard, show_plan

    with guard(options) as connection:
        made = call(connection, "plan_rollback", plan_id=plan_id, reason=reason)
        print_made(options, show_plan(connection, made))


def _user_ids(connection: Database, users: list[str]) -> list[str]:
    """Return the ids as the database writes them: another spelling of a uuid would find nobody."""
    from claimctl.guard import recorded
    from claimctl.user_ids import as_user_ids

    return as_user_ids(connection, recorded(connection)["user_id_data_type"], users)


def print_made(options: Options, made: dict[str, Any]) -> None:
    """Print a plan that has just been made, and what comes next."""
    from claimctl.output import print_json
    from claimctl.summary import print_changes

    if options.as_json:
        print_json(made)
        return
    say(f"Plan {made['plan_id']} is made; nothing is changed yet.")
    print_changes(made)
    say(f"\nNext, as another login:\n  claimctl approve {made['plan_id']}")


def _limits(raised: tuple[str, ...]) -> dict[str, float]:
    limits: dict[str, float] = {}
    for text in raised:
        name, _, value = text.partition("=")
        if not re.fullmatch(r"[0-9]{1,15}([.][0-9]{1,15})?", value, re.ASCII):
            raise WrongUsageError(
                f"--raise takes BREAKER=LIMIT, for example max_wallets=20000, not {text!r}."
            )
        if name in limits:
            raise WrongUsageError(f"--raise names {name} twice.")
        limits[name] = float(value) if "." in value else int(value)
    return limits
