"""Ids of users, which are of the type that the service chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimctl.errors import WrongUsageError

if TYPE_CHECKING:
    from claimctl.database import Database


def as_user_id(connection: Database, type_name: str, user: str) -> tuple[str, str]:
    """Return the type's name in SQL and the id as the database writes it, or refuse the id."""
    from psycopg import DataError
    from psycopg.sql import SQL

    row = connection.execute("select to_regtype(%s)::text as name", [type_name]).fetchone()
    if row is None or row["name"] is None:
        raise WrongUsageError(
            f"The var user_id_data_type is {type_name}, which is no type of this database."
        )
    # A name that the database itself made, quoted where it must be.
    cast = SQL("select cast(%s as {})::text as id").format(SQL(row["name"]))
    try:
        known = connection.execute(cast, [user]).fetchone()
    except DataError as error:
        raise WrongUsageError(
            f"{user!r} is no {type_name}, but user ids are: check the id."
        ) from error
    return row["name"], known["id"] if known else user


def as_user_ids(connection: Database, type_name: str, users: list[str]) -> list[str]:
    """Return the ids as the database writes them, each once; refuse the first that is none."""
    from psycopg import DataError
    from psycopg.sql import SQL

    name, _ = as_user_id(connection, type_name, users[0])
    cast = SQL(
        "select array(select cast(given.id as {})::text from unnest(%s::text[]) as given (id))"
        " as ids"
    ).format(SQL(name))
    try:
        known = connection.execute(cast, [users]).fetchone()
    except DataError:
        # One by one, for the sentence that names it.
        ids = [as_user_id(connection, type_name, user)[1] for user in users]
    else:
        ids = known["ids"] if known else users
    return list(dict.fromkeys(ids))
