"""What the page shows, read from the public models at one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from claimctl.database import Database
    from claimctl.options import Options

Row = Mapping[str, Any]

OF_MODELS = (
    *("build", "alerts", "budgets", "requests", "windows", "conflicts"),
    *("wallets", "history", "discrepancies", "causes", "revenue", "caps", "drift", "repair_times"),
)
OF_USERS = ("users",)
OF_GUARD = ("open_plans", "repairs")


@dataclass(frozen=True)
class Figures:
    """The answers of the files in sql/report, by their names, and the alerts as they stand."""

    schema: str
    days: int
    verdict: dict[str, Any]
    rows: dict[str, list[Row]]
    has_guard: bool

    def one(self, name: str, **wanted: Any) -> Row:
        """Return the first row of an answer with these values, or an empty one."""
        for row in self.rows[name]:
            if all(row[column] == value for column, value in wanted.items()):
                return row
        return {}


def read(connection: Database, options: Options, days: int, with_users: bool) -> Figures:
    """Read all that the page shows; users only where they are asked for."""
    from psycopg.sql import Identifier

    from claimctl.alerting import judge, models_schema
    from claimctl.database import run_sql
    from claimctl.guard import is_installed

    schema = models_schema(connection, options)
    has_guard = is_installed(connection)
    names = (
        *OF_MODELS,
        *(OF_USERS if with_users else ()),
        *(OF_GUARD if has_guard else ()),
    )
    models = {"models": Identifier(schema)}
    rows: dict[str, list[Row]] = {name: [] for name in (*OF_MODELS, *OF_USERS, *OF_GUARD)}
    for name in names:
        rows[name] = list(run_sql(connection, f"report/{name}.sql", {"days": days}, models))
    return Figures(schema, days, judge(connection, schema), rows, has_guard)
