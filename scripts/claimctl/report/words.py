"""How figures and times are written for people."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from claimctl.text import printable

SHARES = ("accuracy", "objective", "budget_remaining", "good_share")
MOST_DECIMALS = 8
NOTHING = "\N{EN DASH}"


def shown(column: str, value: Any) -> str:
    """Return a value as people read it, by the column that it stands in."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if column in SHARES or (column.endswith("_rate") and column != "burn_rate"):
        return percent(float(value))
    if isinstance(value, float | Decimal):
        return f"{value:,.0f}" if value == int(value) and column != "revenue" else f"{value:,.2f}"
    if isinstance(value, int) and not column.endswith("_id"):
        return f"{value:,}"
    return printable(value)


def percent(share: float) -> str:
    """Return a share in per cent; what is not all is never written as 100 %, nor some as none."""
    for decimals in range(2, MOST_DECIMALS):
        text = f"{100 * share:.{decimals}f}"
        if float(text) == 100 * share or float(text) not in (0, 100):
            break
    return f"{text} %"


def moment(at: datetime | str | None) -> str:
    """Return a moment in UTC to the minute; one of a JSON document is in UTC already."""
    if at is None:
        return NOTHING
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def age(seconds: float) -> str:
    """Return how long ago something was, in its largest whole unit."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "minute"):
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"


def raw(value: Any) -> str:
    """Return a value for programs, as it stands in the model."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(value)


def heading(column: str) -> str:
    """Return the name of a column as a heading."""
    text = column.removesuffix("_ms").replace("_", " ")
    unit = " (ms)" if column.endswith("_ms") else ""
    return f"{text[0].upper()}{text[1:]}{unit}"
