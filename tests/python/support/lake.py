"""A database's tables as Parquet tables of Spark, and the models of both as sets of rows."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
from claimctl.database import connect, run_sql
from claimctl.lake.snapshot import held_snapshot, parts_of, write
from claimctl.lake.sources import Column, Table
from claimctl.options import Options
from dbt.contracts.graph.manifest import Manifest
from pyarrow.fs import LocalFileSystem

from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject, Outcome
from support.spark_cluster import Spark

SERVICE = "service"
# Where models of PostgreSQL lie beside those of Spark, to be compared there.
COPIES = "built_by_postgres"
# Spark knows no infinite time, see docs/scale.md.
INFINITE = {
    "infinity": datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    "-infinity": datetime(1, 1, 1, tzinfo=UTC),
}
TYPES = {
    "text": pa.string(),
    "uuid": pa.string(),
    "jsonb": pa.string(),
    "int2": pa.int32(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "bool": pa.bool_(),
    "float8": pa.float64(),
    "numeric": pa.decimal128(12, 2),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}
# What a contract's type is called by Spark.
SPARK_TYPES = {
    "text": "string",
    "uuid": "string",
    "timestamptz": "timestamp",
    "double precision": "double",
    "numeric(10,2)": "decimal(10,2)",
    "numeric(14,2)": "decimal(14,2)",
}


class SparkProject(DbtProject):
    """The project with the target spark."""

    def _arguments(self, vars: Mapping[str, Any] | None) -> list[str]:
        return [*super()._arguments(vars), "--target", "spark"]

    def _keep(self, key: str, vars: Mapping[str, Any] | None) -> Any:
        return super()._keep(f"spark {key}", vars)


class Lake:
    """Tables of a Thrift server, in a folder that both reach."""

    def __init__(self, host: str, port: int, folder: Path, spark: Spark | None = None) -> None:
        self.host, self.port, self.folder, self.spark = host, port, folder, spark

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Return the columns and rows of a query."""
        with self._connect() as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            if not cursor.description:
                return [], []
            names = [column[0].split(".")[-1] for column in cursor.description]
            return names, [tuple(row) for row in cursor.fetchall()]

    def execute(self, *statements: str) -> None:
        """Run statements."""
        with self._connect() as connection:
            for statement in statements:
                connection.cursor().execute(statement)

    def _connect(self) -> Any:
        from pyhive import hive

        return hive.Connection(self.host, self.port, username="tests")

    def clear(self) -> None:
        """Drop what the last test made."""
        schemas = (SERVICE, MODELS_SCHEMA, f"{MODELS_SCHEMA}_as_of", "claim_ops", COPIES)
        self.execute(*(f"drop database if exists {schema} cascade" for schema in schemas))
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self, database: Database, schemas: Mapping[str, str]) -> None:
        """Copy all tables and views of PostgreSQL's schemas into databases of Spark."""
        for source, target in schemas.items():
            self.execute(f"create database if not exists {target}")
            relations = database.rows(
                "select oid, relname from pg_class where relkind in ('r', 'v') and"
                f" relnamespace = to_regnamespace('{source}') and relname <> 'plans_of_claims'"
            )
            for oid, name in relations:
                self._copy_table(database, oid, f"{source}.{name}", target, name)

    def _copy_table(
        self, database: Database, oid: int, relation: str, target: str, name: str
    ) -> None:
        columns = database.rows(
            "select attname, typname from pg_attribute join pg_type on pg_type.oid = atttypid"
            f" where attrelid = {oid} and attnum > 0 and not attisdropped order by attnum"
        )
        fields = [pa.field(column, TYPES[type_name]) for column, type_name in columns]
        read = ", ".join(
            f'"{column}"' if type_name.startswith(("int", "float", "bool")) else f'"{column}"::text'
            for column, type_name in columns
        )
        rows = database.rows(f"select {read} from {relation}")
        arrays = [
            pa.array([_value(row[place], field.type) for row in rows], field.type)
            for place, field in enumerate(fields)
        ]
        folder = self.folder / target / name
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o755)
        parquet.write_table(pa.table(arrays, pa.schema(fields)), folder / "part-0.parquet")
        self.execute(f"create table {target}.{name} using parquet location '{folder}'")


def _value(text: Any, kind: pa.DataType) -> Any:
    if not isinstance(text, str):
        return text
    if pa.types.is_timestamp(kind):
        return INFINITE.get(text) or datetime.fromisoformat(text)
    if pa.types.is_date(kind):
        return datetime.fromisoformat(text).date()
    return Decimal(text) if pa.types.is_decimal(kind) else text


def portable_models(manifest: Manifest) -> dict[str, str]:
    """Return the models that are built on Spark and can be compared, with their tables' names."""
    return {
        node.name: node.alias
        for node in manifest.nodes.values()
        # Its JSON has other blanks there.
        if str(node.resource_type) == "model" and node.name != "stg_claim_service__store_config"
    }


def copy_models(
    database: Database, lake: Lake, schema: str, models: Sequence[str]
) -> dict[str, list[str]]:
    """Copy models of any size into the database COPIES of Spark; return the columns of each."""
    options = Options(dsn=database.dsn)
    found = database.rows(
        "select relname, oid::bigint, relkind::text from pg_class"
        f" where relnamespace = '{schema}'::regnamespace and relname = any(array{list(models)})"
    )
    assert len(found) == len(models), found
    with connect(options) as connection:
        of_all = run_sql(connection, "lake/columns.sql", {"table_ids": [row[1] for row in found]})
    tables = [
        Table(
            model,
            f"{schema}.{model}",
            table_id,
            kind,
            [
                Column(each["column_name"], each["type_name"], each["type_modifier"])
                for each in of_all
                if each["table_id"] == table_id
            ],
        )
        for model, table_id, kind in found
    ]
    place = lake.folder / COPIES
    place.mkdir(parents=True)
    with held_snapshot(options, tables, None) as (_, held):
        parts = parts_of(tables, 16_384)
        written = write(
            options,
            LocalFileSystem(),
            str(place),
            held,
            parts,
            2,
            lambda part: None,
            lambda part, rows: None,
        )
    lake.execute(f"create database {COPIES}")
    for table in tables:
        folder = f"{place}/{written.folder.name}/{table.source}"
        lake.execute(f"create table {COPIES}.{table.source} using parquet location '{folder}'")
    return {table.source: [column.name for column in table.columns] for table in tables}


def assert_same_rows(
    database: Database, lake: Lake, schema: str, model: str, but: tuple[str, ...], seed: int
) -> int:
    """Hold a model of both engines against each other as sets of rows; return how many."""
    columns = [
        str(name)
        for (name,) in database.rows(
            "select attname from pg_attribute where attnum > 0 and not attisdropped"
            f" and attrelid = '{schema}.{model}'::regclass order by attnum"
        )
        if name not in but
    ]
    read = ", ".join(f"to_json({column})::text" for column in columns)
    here = [
        tuple(_plain(None if value is None else json.loads(value)) for value in row)
        for row in database.rows(f"select {read} from {schema}.{model}")
    ]
    names, found = lake.rows(f"select {', '.join(columns)} from {schema}.{model}")
    assert names == columns, model
    there = [tuple(_plain(value) for value in row) for row in found]
    wrong = [f"PostgreSQL {row}" for row in (Counter(here) - Counter(there))]
    wrong += [f"Spark      {row}" for row in (Counter(there) - Counter(here))]
    # Sorted, the two sides of a row are neighbours.
    wrong.sort(key=lambda line: line[11:])
    shown = "\n".join([f"{model}, seed {seed}: {len(wrong)} rows", str(columns), *wrong[:6]])
    assert not wrong, shown
    return len(here)


def _plain(value: Any) -> Any:
    """A value as both engines have it: numbers by value, times by microsecond."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, Decimal)):
        number = float(value)
        return str(number) if math.isinf(number) else number
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    if isinstance(value, str) and value in ("infinity", "-infinity"):
        return INFINITE[value].isoformat()
    if isinstance(value, str) and value in ("Infinity", "-Infinity"):
        return value.lower()[: -len("inity")]
    try:
        moment = datetime.fromisoformat(value) if value[:1].isdigit() and "-" in value else None
    except ValueError:
        return value
    if moment is None:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def assert_types_of_contracts(lake: Lake, dbt: SparkProject, vars: Mapping[str, Any]) -> int:
    """Each column of a model with a contract has the type that it states, though no file asks."""
    looked_at = 0
    for node in dbt.parse(vars).nodes.values():
        contract = getattr(node.config, "contract", None)
        if str(node.resource_type) != "model" or not contract or not contract.enforced:
            continue
        _, rows = lake.rows(f"describe {node.schema}.{node.alias}")
        found = {name: kind for name, kind, _ in rows}
        expected = {
            column.name: SPARK_TYPES.get(str(column.data_type), str(column.data_type))
            for column in node.columns.values()
        }
        expected = {
            name: {"integer": "int"}.get(kind, kind).replace(", ", ",")
            for name, kind in expected.items()
        }
        assert found == expected, node.name
        looked_at += len(found)
    return looked_at


def succeeded(outcome: Outcome) -> Outcome:
    """Return an outcome that is no failure."""
    # Spark tells the whole way through its classes.
    lines = [
        line for line in outcome.explain().splitlines() if not re.match(r"\s*(at |\.\.\. )", line)
    ]
    assert outcome.success, "\n".join(lines)
    return outcome
