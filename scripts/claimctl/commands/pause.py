"""`claimctl pause` and `claimctl resume`: stop every apply at its next batch, and go on."""

from __future__ import annotations

import click

from claimctl.options import NOT_BLANK, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.option("--reason", type=NOT_BLANK, required=True, help="Why; each refused apply shows it.")
@global_options
@click.pass_obj
def pause(options: Options, reason: str) -> None:
    """Stop every apply at its next batch; once this returns, none writes.

    Exit code 0: paused, 2: wrong usage, 3: no connection or no guard, 4: refused.

    \b
    Example:
      claimctl pause --reason "latency alert"
    """
    _say(options, "pause", reason, "Paused: no apply writes any more. To go on:\n  claimctl resume")


@click.command(cls=Command)
@click.option("--reason", type=NOT_BLANK, default="over", show_default=True, help="Why.")
@global_options
@click.pass_obj
def resume(options: Options, reason: str) -> None:
    """End the pause; applies go on when they are called again.

    Exit code 0: resumed, 2: wrong usage, 3: no connection or no guard, 4: refused.

    \b
    Example:
      claimctl resume
    """
    _say(options, "resume", reason, "Resumed. Open plans:\n  claimctl status")


def _say(options: Options, function: str, reason: str, sentence: str) -> None:
    from claimctl.guard import call, guard
    from claimctl.output import print_json

    with guard(options) as connection:
        call(connection, function, reason=reason)
    if options.as_json:
        print_json({"is_paused": function == "pause", "reason": reason})
    else:
        say(sentence)
