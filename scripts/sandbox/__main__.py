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
@click.option("--users", default=drills.USERS, show_default=True, help="How many users there are.")
def drill(users: int) -> None:
    """Play an outage and a corruption to their ends."""
    sys.exit(drills.run(users))


@sandbox.command()
def stop() -> None:
    """End the demo's server, endpoint and traffic."""
    sys.exit(the_demo.stop())


if __name__ == "__main__":
    sandbox(prog_name="python -m sandbox")
