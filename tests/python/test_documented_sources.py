"""docs/sources.md names every column that is read, of its kind, and no other."""

from __future__ import annotations

import re

from lint.generate import ROOT, _Macros

KINDS = {
    "key": "id",
    "user_id": "user id",
    "text": "text",
    "status": "text",
    "time": "time",
    "integer": "whole number",
    "number": "number",
    "jsonb": "JSON",
}


def test_each_column_that_is_read_stands_in_the_document() -> None:
    macros = _Macros()
    optional = macros.optional_sources()
    known = [
        (table + " (optional)" * (table in optional), name, KINDS[column["family"]])
        for table, columns in macros.known_columns().items()
        for name, column in columns.items()
    ]
    text = (ROOT / "docs" / "sources.md").read_text()
    rows = re.findall(r"^\| ([a-z_]+(?: \(optional\))?) \| ([a-z_]+) \| ([^|]+) \|", text, re.M)
    assert [row for row in rows if row[0] != "table"] == known
    optional_columns = {
        name
        for columns in macros.known_columns().values()
        for name, column in columns.items()
        if column.get("is_optional")
    }
    described = re.findall(r"\| ([a-z_]+) \| [^|]+ \| optional: ", text)
    assert set(described) == optional_columns
