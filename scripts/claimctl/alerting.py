"""The alerts as they stand, read from the models and the guard without dbt."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NoReturn

import click

from claimctl.errors import NoConnectionError, unexpected, wrong_usage
from claimctl.options import Command, Options

if TYPE_CHECKING:
    from claimctl.database import Database

Alert = dict[str, Any]


class AlertsExitCode(IntEnum):
    """The exit codes of `claimctl alerts`, those of monitoring plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class AlertsCommand(Command):
    """A command whose every fault is `unknown`: exit code 1 or 2 would look like an alert."""

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        """Parse the command line; wrong usage is unknown."""
        try:
            return super().make_context(*arguments, **named)
        except click.UsageError as error:
            _end_as_unknown(wrong_usage(error))
        except click.ClickException as error:
            _end_as_unknown(error)

    def invoke(self, context: click.Context) -> Any:
        """Run the command; what it cannot read is unknown."""
        try:
            return super().invoke(context)
        except click.UsageError as error:
            _end_as_unknown(wrong_usage(error))
        except click.ClickException as error:
            _end_as_unknown(error)
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            _end_as_unknown(unexpected(error))


def models_schema(connection: Database, options: Options) -> str:
    """Return the schema of the models: the one asked for, the guard's, or the only one there is."""
    from claimctl.guard import is_installed, recorded
    from claimctl.models import require_models

    if is_installed(connection):
        options.models_schema = options.models_schema or recorded(connection)["models_schema"]
    return require_models(connection, options)


def judge(connection: Database, schema: str) -> dict[str, Any]:
    """Return the alerts, what is stale, and the exit code that follows."""
    from psycopg.sql import Identifier

    from claimctl.database import run_sql

    if not _exists(connection, schema, "rpt_alerts"):
        raise NoConnectionError(
            f"The schema {schema} holds no rpt_alerts. To build it:", "dbt build"
        )
    models = {"models": Identifier(schema)}
    # Models of an older build have none.
    has_schedule = _exists(connection, schema, "rpt_schedule")
    builds = run_sql(connection, "alerts/builds.sql", {}, models) if has_schedule else []
    rows = run_sql(connection, "alerts/judge.sql", {"late": [b["late"] for b in builds]}, models)
    document: dict[str, Any] = rows[0]["document"]
    document["builds"] = [{k: v for k, v in build.items() if k != "late"} for build in builds]
    return document


def _end_as_unknown(error: click.ClickException) -> NoReturn:
    error.show()
    raise SystemExit(AlertsExitCode.UNKNOWN) from error


def _exists(connection: Database, schema: str, relation: str) -> bool:
    row = connection.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null as yes",
        [schema, relation],
    ).fetchone()
    return bool(row and row["yes"])
