"""`claimctl watch`: a live view."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from claimctl.options import SECONDS, Command, Options, global_options


@click.command(cls=Command)
@click.option("--once", is_flag=True, help="Print one frame and end; needs no terminal.")
@click.option(
    "--seconds",
    type=SECONDS,
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="Seconds from one frame to the next.",
)
@global_options
@click.pass_obj
def watch(options: Options, once: bool, seconds: float) -> None:
    """Show alerts, requests of the last hour, wrong balances and running applies, again and again.

    Ctrl-C ends it and leaves the terminal as it was. It changes nothing. --json prints one frame.

    Exit code 0: ended, 2: wrong usage or no terminal, 3: no connection or no models, 4: no right to
    look.

    \b
    Example:
      claimctl watch --seconds 5
    """
    from claimctl.database import reading
    from claimctl.errors import WrongUsageError
    from claimctl.output import console, print_json
    from claimctl.watching import frame, look

    def looked() -> dict[str, Any]:
        with reading(options) as connection:
            return look(connection, options)

    if options.as_json:
        print_json(looked())
    elif once:
        out = console()
        if not sys.stdout.isatty():
            out.width = 80
        out.print(frame(looked()))
    elif not sys.stdout.isatty():
        raise WrongUsageError(
            "A live view needs a terminal. For one frame, or from a script:",
            "claimctl watch --once",
        )
    else:
        _live(looked, seconds)


def _live(looked: Callable[[], dict[str, Any]], seconds: float) -> None:
    """Show frame after frame on a screen of its own, which is gone afterwards."""
    from rich.live import Live

    from claimctl.output import console
    from claimctl.watching import frame

    live = Live(frame(looked()), console=console(), screen=True, auto_refresh=False)
    try:
        # No `with`: Ctrl-C may come before its body does.
        live.start(refresh=True)
        while True:
            time.sleep(seconds)
            live.update(frame(looked()), refresh=True)
    except KeyboardInterrupt:
        return
    finally:
        live.stop()
