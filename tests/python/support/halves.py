"""What takes minutes over all worlds or models is run over a part of them a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime


def half_of_today(names: Iterable[str]) -> list[str]:
    """Return every second name; the others are those of yesterday and tomorrow."""
    return part_of_today(names, 2)


def part_of_today(names: Iterable[str], parts: int) -> list[str]:
    """Return one of so many parts of the names; each has its turn within as many days."""
    return sorted(names)[datetime.now(UTC).toordinal() % parts :: parts]
