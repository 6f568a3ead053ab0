"""SQL scripts: files of several statements with values put in."""

from __future__ import annotations

from pathlib import Path

import psycopg


def run_script(connection: psycopg.Connection, file: Path, **values: object) -> None:
    """Run a file's statements, each `{name}` in them replaced by the value of that name."""
    script = file.read_text()
    for name, value in values.items():
        script = script.replace(f"{{{name}}}", str(value))
    connection.execute(script.encode())
