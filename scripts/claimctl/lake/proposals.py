"""Keys of wallets that somebody else found to be wrong: Parquet files, or a table.

Nothing but user_id and item is read, and settings_digest, the digest of the snapshot's manifest,
where there is one. The guard judges each key itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimctl.errors import WrongUsageError
from claimctl.lake import first_line, open_place, require_library, shown

if TYPE_CHECKING:
    from claimctl.database import Database

KEY = ("user_id", "item")
DIGEST = "settings_digest"
# One more than the guard takes, so that it refuses and nobody plans a part.
MOST = 1_000_001


def is_parquet(source: str) -> bool:
    """Return whether a source is a file, a folder or a URL, and not the name of a table."""
    return "://" in source or source.endswith(".parquet") or Path(source).exists()


def read_parquet(source: str) -> dict[str, Any]:
    """Return the keys of a Parquet file, or of all in a folder."""
    require_library()
    import pyarrow as pa
    from pyarrow import dataset

    file_system, path = open_place(source)
    source = shown(source)
    try:
        files = dataset.dataset(path, filesystem=file_system, format="parquet", partitioning="hive")
        columns = _columns(source, files.schema.names)
        read = files.head(MOST, columns=columns)
        # Ids may be numbers, and texts of few values are kept as such.
        texts = [_texts(source, read, name) for name in columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise WrongUsageError(f"{source} could not be read: {first_line(error)}.") from error
    return _document(source, columns, zip(*texts, strict=True))


def read_table(connection: Database, source: str) -> dict[str, Any]:
    """Return the keys of a table or view, which this login may read."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    try:
        found = connection.execute(
            "select pg_class.oid::regclass::text as name, array("
            "  select attname::text from pg_attribute"
            "  where attrelid = pg_class.oid and attnum > 0 and not attisdropped"
            ") as columns from pg_class where pg_class.oid = to_regclass(%s)",
            [source],
        ).fetchone()
    except psycopg.Error:
        # No name at all, or the schema's is not for this login.
        found = None
    if found is None:
        raise WrongUsageError(f"There is no file, folder or table {source}.")
    columns = _columns(source, found["columns"])
    query = SQL("select array[{}] as texts from {} limit {}").format(
        SQL(", ").join(SQL("{}::text").format(Identifier(name)) for name in columns),
        # As the database itself writes it, quoted where it must be.
        SQL(found["name"]),
        MOST,
    )
    return _document(source, columns, (row["texts"] for row in connection.execute(query)))


def _columns(source: str, names: Iterable[str]) -> list[str]:
    there = list(names)
    missing = [name for name in KEY if name not in there]
    if missing:
        raise WrongUsageError(
            f"{source} has no column {' and no column '.join(missing)}: proposals are rows of "
            "user_id and item."
        )
    return [*KEY, *([DIGEST] if DIGEST in there else [])]


def _texts(source: str, read: Any, name: str) -> list[str | None]:
    import pyarrow as pa

    column = read.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if not (is_text or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise WrongUsageError(f"The column {name} of {source} is {kind}, and no text or number.")
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _document(source: str, columns: list[str], rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    keys, digests = [], set()
    for user_id, item, *digest in rows:
        keys.append([_known_to_postgresql(user_id), _known_to_postgresql(item)])
        digests.update(digest)
    given = sorted(_known_to_postgresql(each) or "" for each in digests if each is not None)
    return {"source": source, "settings_digests": given, "keys": keys}


def _known_to_postgresql(text: str | None) -> str | None:
    """Return a text, or none in place of one that no text of the database can be."""
    return None if text is None or "\0" in text else text
