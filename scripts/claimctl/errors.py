"""What ends a command: one sentence on standard error and a stated exit code."""

from __future__ import annotations

import os
import re
from enum import IntEnum
from typing import IO, Any

import click

from claimctl.text import printable, shortened

DEBUG_VARIABLE = "CLAIMCTL_DEBUG"
COMMAND = r"(?:claimctl|dbt|grant|alter|create|drop|--[a-z-]+) "


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FINDINGS = 1
    WRONG_USAGE = 2
    NO_CONNECTION = 3
    REFUSED = 4


class ClaimctlError(click.ClickException):
    """A fault that one sentence explains; commands to run stand on lines of their own."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, message: str, *commands: str) -> None:
        super().__init__(message)
        self.commands = commands

    def format_message(self) -> str:
        """Return the sentence and the commands, each to be copied as a line."""
        lines = (f"\n  {printable(command)}" for command in self.commands)
        return shortened(printable(self.message)) + "".join(lines)

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on standard error."""
        click.echo(f"claimctl: {self.format_message()}", file=file, err=True)


class WrongUsageError(ClaimctlError):
    """The command line or the project's configuration is wrong."""

    exit_code = ExitCode.WRONG_USAGE


class NoConnectionError(ClaimctlError):
    """The server does not answer, or the models or the guard are not there yet."""

    exit_code = ExitCode.NO_CONNECTION


class RefusedError(ClaimctlError):
    """The guard, or the database's rights, said no; nothing was changed."""

    exit_code = ExitCode.REFUSED


class NothingToDoError(ClaimctlError):
    """There is nothing to do, which is no fault."""

    exit_code = ExitCode.DONE


def split_hint(hint: str) -> tuple[str, list[str]]:
    """Return a hint's sentence and its commands: `Ask another login: claimctl approve 2`.

    Commands stand at its end, after a colon, or are all of it; several are parted by `; `.
    """
    found = re.match(rf"(?s)(?:(.*?): )?({COMMAND}.*)$", hint)
    if found is None:
        return hint, []
    sentence, commands = found.groups()
    each = re.split(rf"(?:; |;)(?={COMMAND})", commands.rstrip("."))
    return f"{sentence or 'Next'}:", each


def wrong_usage(error: click.UsageError) -> click.ClickException:
    """Return what click says about the command line as our own sentence."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    message = " ".join(error.format_message().split()).rstrip(".")
    path = error.ctx.command_path if error.ctx else "claimctl"
    return WrongUsageError(f"{message}. To see what it takes:", f"{path} --help")


def unexpected(error: Exception) -> ClaimctlError:
    """Return the sentence about an unexpected error; a variable lets the error through."""
    if os.environ.get(DEBUG_VARIABLE):
        raise error
    if isinstance(error, OSError) and error.strerror:
        return ClaimctlError(f"The operating system refused: {_cause(error)}.")
    return ClaimctlError(
        f"An unexpected error, {type(error).__name__}: {_cause(error)}. "
        f"With {DEBUG_VARIABLE}=1 it shows where; what was written before stays written."
    )


def _cause(error: Exception) -> str:
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split()).rstrip(".") or "without a word"
