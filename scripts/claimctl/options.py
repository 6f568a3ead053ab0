"""The options that every command takes, before or after the command's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

# Of the types that the guard's functions take.
PLAN_ID = click.IntRange(1, 2**63 - 1)
COUNT = click.IntRange(1, 2**31 - 1)

Command = TypeVar("Command", bound=Callable[..., Any])


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
            "metavar": "SCHEMA",
            "help": "The schema of the models. Without it: the one that holds rpt_wallet_build.",
        },
    ),
    (("--json", "as_json"), {"is_flag": True, "help": "Print JSON, for programs."}),
)


def global_options(command: Command) -> Command:
    """Give a command, or the group of all, the global options; `click.pass_obj` hands them in."""
    for names, attributes in reversed(_OPTIONS):
        command = click.option(*names, callback=_keep, expose_value=False, **attributes)(command)
    return command
