"""What the models promise by `well_formed`, each promise broken once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from support.databases import Database
from support.dbt_project import Outcome

# A value of each type that breaks no promise where nothing else is allowed.
ORDINARY = {
    "boolean": True,
    "text": "x",
    "timestamp with time zone": "2026-01-01 00:00+00",
    "uuid": "00000000-0000-0000-0000-000000000001",
}


def unbroken_promises(database: Database, outcome: Outcome) -> tuple[int, list[str]]:
    """Break each promise of each model that was built; return how many, and those unseen."""
    promises, unseen = 0, []
    for result in outcome.nodes.values():
        metadata = getattr(result.node, "test_metadata", None)
        if metadata is None or metadata.name != "well_formed":
            continue
        relation = result.node.compiled_code.split("from ", 1)[1].split()[0]
        # Key and values may depend on a var: they are read where dbt has rendered them.
        allowed = dict(re.findall(r"(\w+) not in \('(.*?)'", result.node.compiled_code))
        row = {**_ordinary_row(database, relation, metadata.kwargs), **allowed}
        key = re.findall(r"'(.* is no key)'", result.node.compiled_code)
        repeated = [(promise, [row, row]) for promise in key]
        for promise, rows in [("", [row]), *repeated, *_broken(row, metadata.kwargs)]:
            promises += 1
            planted = json.dumps(rows).replace("'", "''")
            rows_planted = f"jsonb_populate_recordset(null::{relation}, '{planted}') as planted"
            query = result.node.compiled_code.replace(f"from {relation}", f"from {rows_planted}")
            found = [name for name, _ in database.rows(query)]
            if found != ([promise] if promise else []):
                unseen.append(f"{relation}: {promise or 'a row that is right'}: {found}")
    return promises, unseen


def _ordinary_row(
    database: Database, relation: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    name = relation.replace('"', "")
    columns = database.rows(
        "select column_name, data_type from information_schema.columns"
        f" where format('%s.%s.%s', table_catalog, table_schema, table_name) = '{name}'"
    )
    row = {column: ORDINARY.get(data_type, 1) for column, data_type in columns}
    return row | {column: least for column, (least, _) in arguments.get("within", {}).items()}


def _broken(
    row: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for column in arguments.get("not_null", []):
        yield f"{column} is null", [{**row, column: None}]
    for column in arguments.get("values", {}):
        yield f"{column} is an unknown value", [{**row, column: "unheard of"}]
    for column, (least, greatest) in arguments.get("within", {}).items():
        for value in (least - 1, greatest + 1):
            yield f"{column} is out of its range", [{**row, column: value}]
