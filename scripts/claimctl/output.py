"""What is printed: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Wider than any line, so that a file or a pipe gets whole lines.
UNLIMITED_WIDTH = 10_000
ALERT_STYLES = {
    "critical": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "pending": "yellow",
    "low_traffic": "magenta",
    "no_data": "magenta",
    "ok": "green",
}
STATE_STYLES = {"ok": "green", "info": "cyan", "warning": "yellow", "error": "bold red"}


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def console() -> Console:
    """Return the console of standard output; no text of the database is read as markup."""
    from rich.console import Console

    return Console(
        markup=False,
        highlight=False,
        emoji=False,
        width=None if sys.stdout.isatty() else UNLIMITED_WIDTH,
    )


def print_table(table: Table) -> None:
    """Print a table without the blanks that pad its lines and the lines that pad its ends."""
    out = console()
    with out.capture() as capture:
        out.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    print("\n".join(line for line in lines if line))


def print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a titled table of plain cells; what is null stays empty."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    print(f"\n{title}")
    print_table(table)


def printable(value: Any) -> str:
    """Return a value as text in which nothing steers a terminal."""
    if value is None:
        return ""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))


def utc(moment: str | None) -> str:
    """Return a moment of a JSON document, which is in UTC, to the second."""
    return (moment or "").replace("T", " ")[:19]
