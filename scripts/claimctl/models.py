"""Where the models are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimctl.database import run_sql
from claimctl.errors import NoConnectionError, WrongUsageError
from claimctl.options import Options

if TYPE_CHECKING:
    from claimctl.database import Database


def schemas_of_models(connection: Database, options: Options) -> list[str]:
    """Return the schemas that hold the models; --models-schema leaves at most that one."""
    parameters = {"models_schema": options.models_schema}
    rows = run_sql(connection, "schemas_of_models.sql", parameters)
    return [row["schema_name"] for row in rows]


def require_models(connection: Database, options: Options) -> str:
    """Return the schema of the models, or say why there is no single one."""
    match schemas_of_models(connection, options):
        case [schema]:
            return schema
        case []:
            asked = options.models_schema
            place = f"The schema {asked} does not hold" if asked else "No schema holds"
            raise NoConnectionError(
                f"{place} the wallet models: choose by --models-schema, or build them:",
                "dbt build",
            )
        case several:
            raise WrongUsageError(
                f"Several schemas hold the wallet models: {', '.join(several)}; "
                "choose one by --models-schema."
            )
