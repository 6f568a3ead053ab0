"""`make generate`: claimctl's SQL that the package's macros render, and README's versions.

The doctor works without dbt and without models, by the rules that models and guard are made from:
each stands in a macro, and what is written here is never edited. `--check` fails where a file is
older than what it is made of.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "python"))

from support import dbt_versions, versions  # noqa: E402

README = ROOT / "README.md"
SUPPORTED = re.compile(r"(?m)^Supported: .*$")
TARGET = ROOT / "scripts" / "claimctl" / "sql"
# Stand for psycopg's placeholders until every other percent sign and brace is doubled.
SETTINGS, COLUMNS = "\x01settings\x02", "\x01columns\x02"
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "service_columns.sql": ("source_columns", {"settings": SETTINGS}),
    "doctor/sources.sql": ("doctor_sources", {"columns": COLUMNS}),
    "doctor/columns.sql": ("doctor_columns", {"columns": COLUMNS}),
    "doctor/types.sql": ("doctor_types", {"columns": COLUMNS, "settings": SETTINGS}),
    "doctor/value_queries.sql": (
        "doctor_value_queries",
        {"columns": COLUMNS, "settings": SETTINGS},
    ),
    "doctor/indexes.sql": ("doctor_indexes", {"columns": COLUMNS, "settings": SETTINGS}),
    "doctor/privileges.sql": ("doctor_privileges", {"columns": COLUMNS}),
    "doctor/writes.sql": ("doctor_writes", {"columns": COLUMNS}),
    "doctor/vacuum.sql": ("doctor_vacuum", {"columns": COLUMNS}),
}


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


class _Macros:
    """The package's macros by name; dbt's return() ends each with a value."""

    def __init__(self) -> None:
        environment = Environment(extensions=["jinja2.ext.do"])
        sources = sorted((ROOT / "macros").rglob("*.sql"))
        # Materializations are dbt's own tags.
        texts = [path.read_text() for path in sources if "materializations" not in path.parts]
        environment.globals |= {
            "claim_reconciliation": self,
            "return": self._return,
            "tojson": lambda value, sort_keys=False: json.dumps(value, sort_keys=sort_keys),
            "var": self._var,
        }
        self._module = environment.from_string("\n".join(texts)).module
        project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
        self._vars: dict[str, Any] = project["vars"][project["name"]]

    def __getattr__(self, name: str) -> Any:
        macro = getattr(self._module, name)

        def call(*values: Any, **named: Any) -> Any:
            try:
                return macro(*values, **named)
            except _Return as returned:
                return returned.value

        return call

    def _var(self, name: str, default: Any = None) -> Any:
        return self._vars.get(name, default)

    @staticmethod
    def _return(value: Any) -> None:
        raise _Return(value)


def supported() -> str:
    """Return README's line of versions: those that the test targets run on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = re.findall(r"Python :: (\d\.\d+)", "\n".join(project["classifiers"]))
    return (
        f"Supported: dbt-core {_listed(dbt_versions.VERSIONS)} (`make test-dbt`), "
        f"PostgreSQL {_listed(versions.MAJORS)} (`make test-versions`), "
        f"Python {_listed(pythons)} (`make test`)."
    )


def _listed(versions: Sequence[object]) -> str:
    *first, last = map(str, versions)
    return f"{', '.join(first)} and {last}" if first else last


def render() -> dict[Path, str]:
    """Return the text of each generated file."""
    macros = _Macros()
    texts = {README: SUPPORTED.sub(supported(), README.read_text())}
    for file, (name, arguments) in FILES.items():
        text = str(getattr(macros, name)(**arguments)).strip()
        for plain, doubled in (("%", "%%"), ("{", "{{"), ("}", "}}")):
            text = text.replace(plain, doubled)
        text = text.replace("\x01", "%(").replace("\x02", ")s::jsonb")
        head = f"-- Written by `make generate` from the macro {name}: change that.\n"
        texts[TARGET / file] = f"{head}{text}\n"
    return texts


def main() -> int:
    """Write the files, or with --check say which are not what their macros say."""
    texts = render()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what it is made of.\n  make generate")
        return 1 if stale else 0
    for path in stale:
        path.write_text(texts[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
