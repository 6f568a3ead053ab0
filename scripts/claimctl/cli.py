"""The entry point. Libraries are imported where they are used, so that help answers at once."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Any

import click

from claimctl.commands.alerts import alerts
from claimctl.commands.analyse import analyse
from claimctl.commands.apply import apply
from claimctl.commands.database import database
from claimctl.commands.decide import approve, reject
from claimctl.commands.doctor import doctor
from claimctl.commands.explain import explain
from claimctl.commands.export import export
from claimctl.commands.lake import lake
from claimctl.commands.pause import pause, resume
from claimctl.commands.plan import plan, rollback
from claimctl.commands.plan_kill_switch import kill_switch
from claimctl.commands.plan_purchases import override, queue, recovery
from claimctl.commands.plan_wallets import wallets
from claimctl.commands.plans import plans, show
from claimctl.commands.probe import probe
from claimctl.commands.report import report
from claimctl.commands.status import status
from claimctl.commands.verify import verify
from claimctl.commands.watch import watch
from claimctl.errors import ExitCode, NoConnectionError, WrongUsageError, unexpected, wrong_usage
from claimctl.options import Group, global_options


class Cli(Group):
    """The group of all commands: every error of one ends in a sentence and an exit code."""

    def make_context(
        self, info_name: str | None, args: list[str], *others: Any, **named: Any
    ) -> click.Context:
        """Parse the options before the command's name."""
        try:
            return super().make_context(info_name, _as_text(args), *others, **named)
        except click.UsageError as error:
            raise wrong_usage(error) from error
        except WrongUsageError as error:
            # Exit code 1 or 2 would look like an alert to monitoring.
            raise (NoConnectionError(error.message) if "alerts" in args else error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise wrong_usage(error) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise
        except Exception as error:
            raise unexpected(error) from error


def _as_text(args: list[str]) -> list[str]:
    """Return the command line as UTF-8, whatever the locale says; refuse bytes that are none."""
    texts = []
    for number, arg in enumerate(args, start=1):
        try:
            texts.append(os.fsencode(arg).decode("utf-8"))
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            raise WrongUsageError(
                f"Argument {number} of the command line holds bytes that are not UTF-8."
            ) from error
    return texts


@click.group(cls=Cli, context_settings={"help_option_names": ["-h", "--help"]})
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
    *(doctor, explain, analyse, status),
    *(plan, plans, show, approve, reject, apply, verify, rollback, export),
    *(pause, resume),
    *(alerts, probe, report, database, watch),
    lake,
)
for command in COMMANDS:
    cli.add_command(command)
for command in (wallets, recovery, queue, override, kill_switch):
    plan.add_command(command)


def main() -> None:
    """Run the command line; a letter that the terminal cannot show is replaced."""
    closed = _open_streams()
    if 1 in closed:
        # A script that cannot read the answer would take silence for good news.
        _end("Standard output is closed, so that nothing can be printed.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        try:
            cli(prog_name="claimctl")
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _end("The reader of standard output is gone. What the command wrote to the database stays.")
    except OSError as error:
        _end(
            f"Standard output could not be written: {error.strerror}. "
            "What the command wrote to the database stays."
        )


def _open_streams() -> set[int]:
    """Give each closed stream the null device: the database's socket would take its place."""
    closed = set()
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            closed.add(number)
            os.open(os.devnull, os.O_RDWR)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if number in closed or getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    return closed


def _end(sentence: str) -> None:
    """Say what is wrong with the output, and leave nothing for the end to flush."""
    sys.stderr.write(f"claimctl: {sentence}\n")
    sys.stderr.flush()
    code = ExitCode.NO_CONNECTION if "alerts" in sys.argv else ExitCode.FINDINGS
    os._exit(code)
