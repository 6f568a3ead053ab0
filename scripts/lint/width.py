"""`make lint`: a line of SQL is at most as wide as .sqlfluff says.

In macros too, which sqlfluff does not read.
"""

from __future__ import annotations

import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What tools wrote.
LEFT_OUT = {".demo", ".storm", ".venv", "build", "dbt_packages", "dist", "logs", "target"}


def too_long() -> list[str]:
    """Return where a line is wider, as file:line, with its width."""
    config = ConfigParser()
    config.read(ROOT / ".sqlfluff")
    limit = config.getint("sqlfluff", "max_line_length")
    return [
        f"{path.relative_to(ROOT)}:{number} has {len(line)} columns, at most {limit} are allowed."
        for path in sorted(ROOT.rglob("*.sql"))
        if not LEFT_OUT & set(path.relative_to(ROOT).parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > limit
    ]


def main() -> int:
    """Print each line that is too long."""
    found = too_long()
    print(*found, sep="\n", end="\n" * bool(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
