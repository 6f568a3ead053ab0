"""`make mutants`, its second part: one rule of models or command line less at a time.

Each is taken out of a copy of the project, in which the tests run that should see it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

ROOT = Path(__file__).parents[3]
TABLE = Path(__file__).parents[1] / "mutants.yml"
COPIED = (
    *("analyses", "dashboards", "docs", "integration_tests", "macros", "models", "scripts"),
    *("seeds", "tests", "dbt_project.yml", "profiles.example.yml", "pyproject.toml"),
    *("selectors.yml", "README.md", "mkdocs.yml", "Makefile"),
)
# What pytest ends with where a test is red; another code is no verdict.
RED = 1


@dataclass(frozen=True)
class RuleMutant:
    """A rule, how it is taken out of its file, and the tests that should see it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self, project: Path) -> None:
        """Take the rule out of a copy; an assertion fails where it does not stand once."""
        path = project / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{text.count(self.old)} times in {self.file}: {self.old}"
        path.write_text(text.replace(self.old, self.new))

    def first_red(self, project: Path) -> str | None:
        """Return what sees it, and None where nothing does; what is red anyway sees nothing."""
        for test in self.tests:
            red = _red(project, test)
            if red and not _red(ROOT, red):
                return red
        return None


def rule_mutants() -> list[RuleMutant]:
    """Read the table."""
    return [
        RuleMutant(row["name"], row["file"], row["old"], row["new"], tuple(row["tests"]))
        for row in yaml.safe_load(TABLE.read_text())
        if os.environ.get("ONLY", "") in row["name"]
    ]


def main() -> int:
    """Run all; exit code 1 where one survives."""
    table, console = rule_mutants(), Console()
    if not table:
        console.print("No rule of models or command line has this in its name.")
        return 0
    shown = Table("rule", Column("without it red", overflow="fold"), box=None)
    survivors = 0
    with Progress(console=console) as progress:
        for mutant in progress.track(table, description=f"{len(table)} rules"):
            with tempfile.TemporaryDirectory() as folder:
                project = Path(folder) / "project"
                _copy(project)
                mutant.apply(project)
                if mutant.file.startswith("macros/"):
                    _run(project, "-m", "lint.generate")
                red = mutant.first_red(project)
            survivors += red is None
            shown.add_row(mutant.name, red or "[red]nothing[/]")
    console.print(shown)
    console.print(f"{len(table) - survivors} of {len(table)} rules are seen.")
    return 1 if survivors else 0


def _copy(project: Path) -> None:
    project.mkdir()
    for part in COPIED:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, project / part)


def _red(project: Path, test: str) -> str | None:
    """Run tests and return the first that is red; None where all are green."""
    outcome = _run(project, "-m", "pytest", "-x", "-m", "", f"tests/python/{test}")
    if outcome.returncode != RED:
        return None
    named = re.search(r"tests/python/(\S+\.py::\w+)", outcome.stdout)
    return named[1] if named else test


def _run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(project / part) for part in ("scripts", "tests/python"))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
