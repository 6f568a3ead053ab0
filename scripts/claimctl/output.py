"""What is printed: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from claimctl.text import printable, printable_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Wider than any line, so that a file or a pipe gets whole lines.
UNLIMITED_WIDTH = 10_000
# What a column that may be wrapped gets at least.
LEAST_WIDTH = 20
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


def say(text: str = "") -> None:
    """Print lines; whatever stands in them, nothing steers the terminal."""
    click.echo(printable_lines(text))


def print_json(document: Any) -> None:
    """Print a document as JSON; times in ISO 8601 with their zone."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=_as_json)
    click.echo("".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text))


def _as_json(value: Any) -> str | float:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


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
    click.echo("\n".join(line for line in lines if line))


def print_rows(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    wraps: Sequence[str] = (),
    styles: Sequence[str] = (),
) -> None:
    """Print a titled table of plain cells; what is null stays empty.

    Nothing is cut: columns in `wraps` are wrapped where the terminal is narrow, and where the
    others do not fit beside them, each row is printed as lines of its own. `styles` colour the
    first cell of each row.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    out = console()
    if title:
        say(f"\n{title}")
    if _least_width(columns, cells, wraps) > out.width:
        _print_stacked(columns, cells, styles)
    else:
        _print_grid(columns, cells, wraps, styles)


def _least_width(
    columns: Sequence[str], cells: Sequence[Sequence[str]], wraps: Sequence[str]
) -> int:
    """Return how many letters a table needs in which only `wraps` may be wrapped."""
    from rich.cells import cell_len

    width = 0
    for number, column in enumerate(columns):
        widest = max(cell_len(cell) for cell in (column, *(row[number] for row in cells)))
        width += min(widest, LEAST_WIDTH) if column in wraps else widest
    return width + 2 * (len(columns) - 1)


def _print_grid(
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    wraps: Sequence[str],
    styles: Sequence[str],
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column not in wraps, overflow="fold")
    for number, row in enumerate(cells):
        style = styles[number] if styles else ""
        table.add_row(Text(row[0], style=style), *(Text(cell) for cell in row[1:]))
    print_table(table)


def _print_stacked(
    columns: Sequence[str], cells: Sequence[Sequence[str]], styles: Sequence[str]
) -> None:
    """Print each row as lines `column  cell`; what is empty is left out, what is long goes on."""
    from rich.text import Text

    out = console()
    width = max(map(len, columns))
    for number, row in enumerate(cells):
        shown = [(name, cell) for name, cell in zip(columns, row, strict=True) if cell]
        for place, (name, cell) in enumerate(shown):
            style = styles[number] if styles and not place else ""
            out.print(
                Text.assemble("- " if not place else "  ", f"{name:<{width}}  ", (cell, style)),
                soft_wrap=True,
            )


def utc(moment: str | None) -> str:
    """Return a moment of a JSON document, which is in UTC, to the second."""
    return (moment or "").replace("T", " ")[:19]
