"""Which tables, and which of their columns, the lake needs, and how Parquet holds their values.

Names are the service's own: what change data capture writes has them too, and the same vars hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from claimctl.database import run_sql
from claimctl.errors import RefusedError, WrongUsageError

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg.sql import Composable, Composed

    from claimctl.database import Database

# Rows of these kinds of relations have a place, by which the table is parted.
PLACED_KINDS = ("r", "p", "m")
LOCKED_KINDS = ("r", "p")
LAST_TIME, FIRST_TIME = "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00"
NAMES = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_][\w$]*)')


@dataclass(frozen=True)
class Column:
    """A column as it stands in the database."""

    name: str
    type_name: str
    type_modifier: int
    is_status: bool = False


@dataclass(eq=False)
class Table:
    """A table of the service, with the columns that models and filters read."""

    source: str
    relation: str
    table_id: int
    kind: str
    columns: list[Column]
    condition: Composable | None = None
    blocks: int = 0
    files: list[int] = field(default_factory=list)

    @property
    def has_places(self) -> bool:
        """Whether rows can be read by their place."""
        return self.kind in PLACED_KINDS

    def schema(self) -> pa.Schema:
        """Return the columns and types of the Parquet files."""
        import pyarrow as pa

        return pa.schema([pa.field(column.name, _parquet_type(column)) for column in self.columns])

    def query(self, first_block: int, end_block: int | None) -> Composed:
        """Return the statement that copies the rows of some blocks; without an end all the rest."""
        from psycopg.sql import SQL, Literal

        conditions = [] if self.condition is None else [self.condition]
        if self.has_places:
            conditions.append(SQL("ctid >= {}::tid").format(Literal(f"({first_block},0)")))
            if end_block is not None:
                conditions.append(SQL("ctid < {}::tid").format(Literal(f"({end_block},0)")))
        where = SQL(" where {}").format(SQL(" and ").join(conditions)) if conditions else SQL("")
        return SQL("copy (select {} from {}{}) to stdout (format csv)").format(
            SQL(", ").join(_value(column) for column in self.columns),
            SQL(self.relation),
            where,
        )


def find_tables(connection: Database, settings: Mapping[str, Any]) -> list[Table]:
    """Return the tables that are read, in the order of the package's list."""
    from psycopg.types.json import Jsonb

    known = run_sql(connection, "service_columns.sql", {"settings": Jsonb(settings)})
    wanted: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for column in known:
        if column["is_read"]:
            wanted[column["source"]].append(column)
    missing = [column for columns in wanted.values() for column in columns if _is_missing(column)]
    if missing:
        named = ", ".join(sorted({f"{each['relation']}.{each['column_name']}" for each in missing}))
        raise RefusedError(
            f"The database has no {named}. To see what is missing:", "claimctl doctor"
        )
    ids = [columns[0]["table_id"] for columns in wanted.values()]
    there: dict[int, list[Column]] = defaultdict(list)
    for row in run_sql(connection, "lake/columns.sql", {"table_ids": ids}):
        there[row["table_id"]].append(
            Column(row["column_name"], row["type_name"], row["type_modifier"])
        )
    return [
        _table(source, columns, there[columns[0]["table_id"]], settings)
        for source, columns in wanted.items()
    ]


def choose(tables: Iterable[Table], names: Iterable[str]) -> list[Table]:
    """Return the tables of these names, or all; refuse a name that is none."""
    chosen = list(tables)
    known = {table.source for table in chosen}
    for name in names:
        if name not in known:
            raise WrongUsageError(
                f"There is no table {name}: choose of {', '.join(sorted(known))}."
            )
    return [table for table in chosen if not names or table.source in names]


def _is_missing(column: Mapping[str, Any]) -> bool:
    return column["table_id"] is None or (
        column["column_number"] is None and column["expression"] is None
    )


def _table(
    source: str,
    read: list[Mapping[str, Any]],
    there: list[Column],
    settings: Mapping[str, Any],
) -> Table:
    from psycopg.sql import SQL, Identifier

    filters = settings.get("claim_service_filters") or {}
    texts = [filters.get(source) or "", *(column["expression"] or "" for column in read)]
    names = {column["column_name"] for column in read} | _names_in(texts)
    statuses = {column["column_name"] for column in read if column["name"] == "status"}
    table = Table(
        source,
        read[0]["relation"],
        read[0]["table_id"],
        read[0]["table_kind"],
        # No more than is needed: an address or a token has no business in a lake.
        [
            replace(column, is_status=column.name in statuses)
            for column in there
            if column.name in names
        ],
    )
    if source == "store_config":
        (key,) = (column["column_name"] for column in read if column["name"] == "key")
        table.condition = SQL("{} = 'sku_enabled'").format(Identifier(key))
    return table


def _names_in(texts: Iterable[str]) -> set[str]:
    """Return what may be a column's name in SQL texts; too many do no harm."""
    found: set[str] = set()
    for text in texts:
        for quoted, plain in NAMES.findall(text):
            found.add(quoted.replace('""', '"') if quoted else plain.lower())
    return found


def _value(column: Column) -> Composable:
    """Return the expression whose text, in a CSV file, is a value of the Parquet type."""
    from psycopg.sql import SQL, Identifier, Literal

    name = Identifier(column.name)
    match column.type_name:
        case "timestamptz" | "timestamp" | "date":
            # Parquet has no infinity, and readers no year 10000.
            zone = "+00" if column.type_name == "timestamptz" else ""
            limits = Literal(LAST_TIME + zone), Literal(FIRST_TIME + zone)
            # Of a null and a limit, greatest and least take the limit.
            return SQL("case when {0} is not null then greatest(least({0}, {1}), {2}) end").format(
                name, *limits
            )
        case "citext":
            # As the models read it: of what differs by case alone, one spelling.
            spelled = "upper({}::text)" if column.is_status else "lower({}::text)"
            return SQL(spelled).format(name)
        case "numeric":
            if _scale(column) is None:
                return SQL("{}::float8").format(name)
            return SQL("nullif({}, 'NaN')").format(name)
        case "int2" | "int4" | "int8" | "float4" | "float8" | "bool":
            return name
    return SQL("{}::text").format(name)


def _parquet_type(column: Column) -> pa.DataType:
    import pyarrow as pa

    scale = _scale(column)
    types: dict[str, pa.DataType] = {
        "timestamptz": pa.timestamp("us", "UTC"),
        "timestamp": pa.timestamp("us"),
        "date": pa.date32(),
        "int2": pa.int32(),
        "int4": pa.int32(),
        "int8": pa.int64(),
        "float4": pa.float64(),
        "float8": pa.float64(),
        "bool": pa.bool_(),
        "numeric": pa.float64() if scale is None else pa.decimal128(*scale),
    }
    return types.get(column.type_name, pa.string())


def _scale(column: Column) -> tuple[int, int] | None:
    """Return the digits, and those after the point, of a numeric that Parquet's decimal holds."""
    if column.type_name != "numeric" or column.type_modifier < 0:
        return None
    modifier = column.type_modifier - 4
    digits, after = modifier >> 16 & 0xFFFF, modifier & 0x7FF
    return (digits, after) if after <= digits <= 38 else None
