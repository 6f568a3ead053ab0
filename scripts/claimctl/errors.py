"""What ends a command: one sentence on standard error and a stated exit code."""

from __future__ import annotations

from enum import IntEnum
from typing import IO, Any

import click


class ExitCode(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FINDINGS = 1
    WRONG_USAGE = 2
    NO_CONNECTION = 3
    REFUSED = 4


class ClaimctlError(click.ClickException):
    """A fault that one sentence explains."""

    exit_code = ExitCode.FINDINGS

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on standard error."""
        click.echo(f"claimctl: {self.format_message()}", file=file, err=True)


class WrongUsageError(ClaimctlError):
    """The command line or the project's configuration is wrong."""

    exit_code = ExitCode.WRONG_USAGE


class NoConnectionError(ClaimctlError):
    """The server does not answer, or holds nothing of ours yet."""

    exit_code = ExitCode.NO_CONNECTION


class RefusedError(ClaimctlError):
    """The guard, or the database's rights, said no; nothing was changed."""

    exit_code = ExitCode.REFUSED


class NothingToDoError(ClaimctlError):
    """There is nothing to do, which is no fault."""

    exit_code = ExitCode.DONE
