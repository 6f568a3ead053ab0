"""`claimctl plan wallets`: plan what users are owed, for all, or for a set of users."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from claimctl.commands.plan import make
from claimctl.errors import WrongUsageError
from claimctl.options import COUNT, MOMENT, NOT_BLANK, Command, Options, global_options

STANDARD_INPUT = "-"


@click.command(cls=Command)
@click.option("--reason", type=NOT_BLANK, required=True, help="Why; the approver reads it.")
@click.option(
    "--include-excess",
    type=NOT_BLANK,
    multiple=True,
    metavar="ITEM",
    help="Also take what is in excess of ITEM.",
)
@click.option("--user", type=NOT_BLANK, metavar="USER", help="Only this user's wallet.")
@click.option(
    "--users",
    type=NOT_BLANK,
    metavar="FILE|-",
    help="Only the users in FILE, or in standard input, one id on each line.",
)
@click.option(
    "--exclude",
    type=NOT_BLANK,
    multiple=True,
    metavar="FILE|USER",
    help="Never this user, or those in FILE, one id on each line.",
)
@click.option(
    "--proposals",
    type=NOT_BLANK,
    metavar="SOURCE",
    help="Only the keys (user_id, item) of SOURCE, Parquet or a table, in place of the models'.",
)
@click.option("--item", type=NOT_BLANK, metavar="ITEM", help="Only this item.")
@click.option(
    "--type",
    "discrepancy_type",
    type=click.Choice(["short", "excess"]),
    help="Only what users are owed, or only what is in excess.",
)
@click.option(
    "--changed-from", type=MOMENT, help="Only wallets last changed at this time or later."
)
@click.option("--changed-to", type=MOMENT, help="Only wallets last changed before this time.")
@click.option(
    "--cause",
    type=NOT_BLANK,
    metavar="CAUSE",
    help="Only balances for which the models name that cause, such as lost_update.",
)
@click.option("--limit", type=COUNT, help="At most so many wallets.")
@click.option(
    "--raise", "raised", multiple=True, metavar="BREAKER=LIMIT", help="Raise a breaker's limit."
)
@global_options
@click.pass_obj
def wallets(
    options: Options,
    /,
    include_excess: tuple[str, ...],
    user: str | None,
    users: str | None,
    exclude: tuple[str, ...],
    proposals: str | None,
    discrepancy_type: str | None,
    changed_from: datetime | None,
    changed_to: datetime | None,
    raised: tuple[str, ...],
    **given: Any,
) -> None:
    """Plan what users are owed, from what the models found and the guard sees now.

    It lists what it leaves out with the reason, and for users in flight the time to come back.
    Times without a zone are in UTC. --proposals takes a file, a folder or a URL of Parquet files,
    or the name of a table. The guard takes the keys alone, judges each by the live tables, and
    counts what became of it.

    Exit code 0: planned, or nothing to plan, 2: wrong usage, 3: no connection or no guard,
    4: refused, for example by a breaker.

    \b
    Example:
      claimctl plan wallets --reason "restore of 24 November" --include-excess streakshield \\
        --type excess --exclude goodwill.txt
    """
    arguments = {
        **given,
        "include_excess": list(include_excess),
        "type": discrepancy_type,
        "changed_from": changed_from,
        "changed_to": changed_to,
    }
    if proposals is not None:
        arguments["proposals"] = _proposed(options, proposals)
    lists = {
        "users": None if users is None else _named(users),
        "exclude": _excluded(exclude),
    }
    make(options, "plan_wallets", arguments, user=user, raised=raised, lists=lists)


def _proposed(options: Options, source: str) -> Any:
    """Return the keys that a source proposes, as the guard takes them."""
    from psycopg.types.json import Jsonb

    from claimctl.guard import guard
    from claimctl.lake.proposals import is_parquet, read_parquet, read_table

    with guard(options) as connection:
        if is_parquet(source):
            return Jsonb(read_parquet(source))
        return Jsonb(read_table(connection, source))


def _excluded(given: Iterable[str]) -> list[str]:
    """Return the users of --exclude, each time the name of a file, or a user."""
    users: list[str] = []
    for each in given:
        users += _named(each) if each == STANDARD_INPUT or Path(each).is_file() else [each]
    return users


def _named(name: str) -> list[str]:
    """Return the users that a file names, one a line; blank lines count for nothing."""
    try:
        with click.open_file(name, encoding="utf-8-sig") as file:
            users = [line.strip() for line in file]
    except OSError as error:
        raise WrongUsageError(f"{name} could not be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise WrongUsageError(f"{name} is no UTF-8 text: save it as one id a line.") from error
    named = [user for user in users if user]
    if not named:
        raise WrongUsageError(f"{name} names no user: write one id a line.")
    return named
