"""`python -m sandbox demo`, `drill` and `stop`."""

from __future__ import annotations

import sys

import click

from sandbox import demo as the_demo
from sandbox import drills


@click.group()
def sandbox() -> None:
    """A claim service to try things on."""


@sandbox.command()
def demo() -> None:
    """Let a claim service drift, find what is wrong and repair it."""
    sys.exit(the_demo.run())


@sandbox.command()
@click.argument("names", nargs=-1, type=click.Choice(list(drills.DRILLS)), metavar="[DRILL]...")
@click.option("--users", default=drills.USERS, show_default=True, help="How many users there are.")
def drill(names: tuple[str, ...], users: int) -> None:
    """Play an outage and a corruption to their ends, or only the one that is named."""
    sys.exit(drills.run(users, names or tuple(drills.DRILLS)))


@sandbox.command()
def stop() -> None:
    """End the demo's server, endpoint and traffic."""
    sys.exit(the_demo.stop())


if __name__ == "__main__":
    sandbox(prog_name="python -m sandbox")
