"""`claimctl plan recovery|queue|override`: claim what was paid for and never given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from claimctl.commands.plan import make
from claimctl.options import (
    COUNT,
    MOMENT,
    NOT_BLANK,
    Command,
    Decorated,
    Options,
    global_options,
)

REASON = click.option("--reason", type=NOT_BLANK, required=True, help="Why; the approver reads it.")
CLAIMED_AT = click.option(
    "--claimed-at",
    type=click.Choice(["purchase", "now"]),
    default="purchase",
    show_default=True,
    help="When the claim is said to be made: caps and boosters count from then.",
)
RAISE = click.option(
    "--raise", "raised", multiple=True, metavar="BREAKER=LIMIT", help="Raise a breaker's limit."
)


def _of_several(command: Decorated) -> Decorated:
    """Give a command what narrows a plan of many purchases."""
    decorators: tuple[Callable[[Decorated], Decorated], ...] = (
        click.option("--user", type=NOT_BLANK, metavar="USER", help="Only this user's purchases."),
        click.option("--limit", type=COUNT, help="At most so many users."),
        CLAIMED_AT,
        click.option("--include-over-cap", is_flag=True, help="Also purchases beyond their caps."),
        RAISE,
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.command(cls=Command)
@click.option(
    "--from", "start", type=MOMENT, required=True, help="Purchases at this time or later."
)
@click.option("--to", "end", type=MOMENT, required=True, help="Purchases before then.")
@click.option("--item", type=NOT_BLANK, metavar="ITEM", help="Only purchases of this item.")
@click.option("--sku", type=NOT_BLANK, metavar="SKU", help="Only purchases of this SKU.")
@REASON
@_of_several
@global_options
@click.pass_obj
def recovery(
    options: Options,
    /,
    start: datetime,
    end: datetime,
    user: str | None,
    raised: Any,
    **given: Any,
) -> None:
    """Plan the claims of purchases in the audit trail that have none, with their credit.

    Times without a zone are in UTC. What is left out is listed with the reason.

    Exit code 0: planned, or nothing to plan, 2: wrong usage, 3: no connection or no guard,
    4: refused, for example by a breaker.

    \b
    Example:
      claimctl plan recovery --from 2026-11-24T08:00Z --to 2026-11-24T10:00Z \\
        --reason "claims lost in the outage"
    """
    arguments = {"from": start, "to": end, **given}
    make(options, "plan_recovery", arguments, user=user, raised=raised)


@click.command(cls=Command)
@REASON
@_of_several
@global_options
@click.pass_obj
def queue(options: Options, /, user: str | None, raised: Any, **given: Any) -> None:
    """Plan the claims of the purchases that were queued during an outage, with their credit.

    Each purchase counts once, as it came first. What is left out is listed with the reason.

    Exit code 0: planned, or nothing to plan, 2: wrong usage, 3: no connection or no guard,
    4: refused, for example by a breaker.

    \b
    Example:
      claimctl plan queue --reason "replay after the outage of 24 November"
    """
    make(options, "plan_queue", given, user=user, raised=raised)


@click.command(cls=Command)
@click.argument("tx_id", type=NOT_BLANK, metavar="TX")
@click.option("--user", type=NOT_BLANK, metavar="USER", required=True, help="Whose purchase it is.")
@REASON
@click.option("--ticket", type=NOT_BLANK, required=True, help="The support case.")
@CLAIMED_AT
@RAISE
@global_options
@click.pass_obj
def override(options: Options, /, user: str, raised: Any, **given: Any) -> None:
    """Plan the claim of the one purchase TX that its cap refused, with its credit.

    Exit code 0: planned, 2: wrong usage or a purchase that may not be claimed, 3: no connection or
    no guard, 4: refused.

    \b
    Example:
      claimctl plan override GPA.3391-7719 --user 7f3e... --ticket SUP-412 \\
        --reason "refused on the boundary of the week"
    """
    make(options, "plan_override", given, user=user, raised=raised)
