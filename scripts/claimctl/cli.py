"""The entry point. Libraries are imported where they are used, so that help answers at once."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

from claimctl.commands.alerts import alerts
from claimctl.commands.apply import apply
from claimctl.commands.decide import approve, reject
from claimctl.commands.doctor import doctor
from claimctl.commands.explain import explain
from claimctl.commands.pause import pause, resume
from claimctl.commands.plan import plan, rollback
from claimctl.commands.plan_kill_switch import kill_switch
from claimctl.commands.plan_purchases import override, queue, recovery
from claimctl.commands.plans import plans, show
from claimctl.commands.probe import probe
from claimctl.commands.status import status
from claimctl.commands.verify import verify
from claimctl.options import global_options


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@global_options
@click.version_option(package_name="claim-reconciliation")
def cli() -> None:
    """Find, explain and repair wallets that do not match the claims of an app's consumables.

    Connects as psql does. The names of the service's tables are those that install_guard recorded,
    and before that the vars of your dbt_project.yml.

    \b
    Example:
      PGHOST=db.example.com PGUSER=oncall PGDATABASE=app claimctl doctor
    """


COMMANDS = (
    *(doctor, explain, status),
    *(plan, plans, show, approve, reject, apply, verify, rollback),
    *(pause, resume),
    *(alerts, probe),
)
for command in COMMANDS:
    cli.add_command(command)
for command in (recovery, queue, override, kill_switch):
    plan.add_command(command)


def main() -> None:
    """Run the command line; a letter that the terminal cannot show is replaced."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    cli(prog_name="claimctl")
