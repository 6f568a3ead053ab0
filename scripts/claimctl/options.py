"""The options that every command takes, before or after the command's name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from claimctl.text import is_blank

# Of the types that the guard's functions take.
PLAN_ID = click.IntRange(1, 2**63 - 1)
COUNT = click.IntRange(1, 2**31 - 1)

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _NotBlank(click.ParamType[str]):
    """A text that shows something: an empty one would mean all, or nobody, or no reason."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or refuse one of blanks or of letters without a width."""
        if is_blank(str(value)):
            self.fail("it is blank; write what it is, or leave the option out", param, ctx)
        return str(value)


class _Seconds(click.FloatRange):
    """A number of seconds; `nan` is none, although no limit refuses it."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return number


class _Moment(click.ParamType[datetime]):
    """A date or a time; without a zone it is in UTC."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment, or say how one is written."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date or time; write 2026-11-24 or 2026-11-24T08:30Z.")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


NOT_BLANK = _NotBlank()
MOMENT = _Moment()
SECONDS = _Seconds(0.1, 600)


class _OnceOnly:
    """Refuses an option that is given twice: the last one would win, and nobody would know."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line."""
        given = self.make_parser(ctx).parse_args(list(args))[2]  # type: ignore[attr-defined]
        counts = Counter(
            each
            for each in given
            if isinstance(each, click.Option) and not each.multiple and not each.is_flag
        )
        for option, times in counts.items():
            if times > 1:
                raise click.UsageError(f"{option.opts[0]} is given {times} times", ctx)
        rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        return rest


class Command(_OnceOnly, click.Command):
    """A command of ours."""


class Group(_OnceOnly, click.Group):
    """A group of commands of ours."""


@dataclass
class Options:
    """What the global options say."""

    dsn: str = ""
    project_dir: Path | None = None
    models_schema: str | None = None
    as_json: bool = False


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # The group keeps first and the command second, so that the command's own option wins.
    options = context.ensure_object(Options)
    if value and parameter.name:
        setattr(options, parameter.name, value)


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--dsn",),
        {
            "type": NOT_BLANK,
            "metavar": "DSN",
            "help": "The database, in libpq's keywords or a URL. Without it: PGHOST, PGSERVICE ...",
        },
    ),
    (
        ("--project-dir",),
        {
            "type": click.Path(path_type=Path),
            "metavar": "FOLDER",
            "help": "Where your dbt_project.yml is. Without it: DBT_PROJECT_DIR, else this folder.",
        },
    ),
    (
        ("--models-schema",),
        {
            "type": NOT_BLANK,
            "metavar": "SCHEMA",
            "help": "The schema of the models. Without it: the one that holds rpt_wallet_build.",
        },
    ),
    (("--json", "as_json"), {"is_flag": True, "help": "Print JSON, for programs."}),
)


def global_options(command: Decorated) -> Decorated:
    """Give a command, or the group of all, the global options; `click.pass_obj` hands them in."""
    for names, attributes in reversed(_OPTIONS):
        command = click.option(*names, callback=_keep, expose_value=False, **attributes)(command)
    return command
