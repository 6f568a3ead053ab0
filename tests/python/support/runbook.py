"""docs/runbook.md as a test reads it: chapters, and the commands of one with the role of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from support.dbt_project import ROOT

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ROLES = {
    *("claim_reader", "claim_planner", "claim_approver", "claim_applier"),
    *("builder", "owner", "pg_read_all_stats", "pg_signal_backend"),
}


@dataclass(frozen=True)
class Command:
    """A line to be copied, and the role that it names."""

    line: str
    role: str


@cache
def chapters() -> dict[str, str]:
    """Return the text of each chapter, its sections included, by its title."""
    return _by_title(r"^## (.*)$")


@cache
def sections() -> dict[str, str]:
    """Return the text of each chapter and section by its title, up to the next title."""
    return _by_title(r"^##+ (.*)$")


def _by_title(title: str) -> dict[str, str]:
    parts = re.split(title, RUNBOOK, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchors() -> set[str]:
    """Return what a link to a section ends in, as GitHub makes it."""
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in sections()}


def commands(title: str) -> list[Command]:
    """Return the commands of a chapter or section, in their order."""
    found = []
    text = sections().get(title) or chapters()[title]
    for block in re.findall(r"^ *```\n(.*?)^ *```$", text, flags=re.M | re.S):
        for line in block.splitlines():
            if match := re.fullmatch(r" *(\S.*?) +# as (\w+)", line):
                found.append(Command(*match.groups()))
    return found
