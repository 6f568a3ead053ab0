"""`make mutants`: one protection of the guard less at a time, and the test that is red without it.

As a plugin of pytest it runs the tests of each mutant in one session, in which the templates of the
databases are made once: only the mutated function goes into the copy that a test gets.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.runner import runtestprotocol
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from support.guard import Guard

FOLDER = Path(__file__).parents[1] / "guard"
TABLE = FOLDER / "mutants.yml"
# Two cores, each with a server of its own.
PROCESSES = 2
# What the plugin is told by the process that starts it.
SHARE, RESULTS = "MUTANTS_SHARE", "MUTANTS_RESULTS"

# The mutant that databases get now; Guards looks here.
current: Callable[[Guard], None] | None = None
green: dict[str, bool] = {}
# What failed since the test began, subtests too: those are in no report of their test.
failed: list[pytest.TestReport] = []
# It is red for every edit, since it compares the functions with what was installed.
COMPARES_ALL = "test_holes.py::test_what_an_owner_edits"


@dataclass(frozen=True)
class Mutant:
    """A protection, how it is taken away, and the tests that should see it."""

    name: str
    edit: dict[str, str]
    tests: tuple[str, ...]
    second_line: str | None = None

    def apply(self, guard: Guard) -> None:
        """Take the protection out of a database; an assertion fails where it is not there."""
        if "sql" in self.edit:
            guard.execute(self.edit["sql"])
        else:
            old = self.edit["old"].strip("\n")
            guard.edit_function(self.edit["function"], old, self.edit["new"])

    def is_seen_by(self, item: pytest.Item) -> bool:
        """Return whether a test is one of those that should see it."""
        name = item.nodeid.split("guard/")[-1]
        return any(
            name.startswith(test) and not (name.startswith(COMPARES_ALL) and "::" not in test)
            for test in self.tests
        )


def mutants() -> list[Mutant]:
    """Read the table."""
    return [
        Mutant(
            row["name"],
            {key: row[key] for key in ("sql", "function", "old", "new") if key in row},
            tuple(row["tests"]),
            row.get("second_line"),
        )
        for row in yaml.safe_load(TABLE.read_text())
        if os.environ.get("ONLY", "") in row["name"]
    ]


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run, for each mutant of this process, its tests until one is red."""
    global current
    if SHARE not in os.environ:
        return None
    share, shares = map(int, os.environ[SHARE].split("/"))
    with Path(os.environ[RESULTS]).open("a") as results:
        for mutant in mutants()[share::shares]:
            current = mutant.apply
            outcome: dict[str, Any] = {"name": mutant.name, "red": None, "ran": 0}
            for item in (item for item in session.items if mutant.is_seen_by(item)):
                outcome["ran"] += 1
                red = next(_failures(item), None)
                if red and _is_green(item, mutant.apply):
                    outcome.update(red)
                    break
                if red:
                    # It has seen nothing.
                    outcome["error"] = f"{red['red']} is red with the whole guard: {red['error']}"
            results.write(json.dumps(outcome) + "\n")
            results.flush()
    return True


def _is_green(item: pytest.Item, then: Callable[[Guard], None]) -> bool:
    """Return whether a test passes with the whole guard; each is asked once."""
    global current
    if item.nodeid not in green:
        current = None
        green[item.nodeid] = next(_failures(item), None) is None
        current = then
    return green[item.nodeid]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep a subtest that failed: only this hook hears of it."""
    if report.failed:
        failed.append(report)


def _failures(item: pytest.Item) -> Iterator[dict[str, Any]]:
    """Run a test and yield where it failed; a mutant that does not apply is no red test."""
    failed.clear()
    item._initrequest()  # type: ignore[attr-defined]
    # A test of another file, so that all of this one is torn down: any may be the next.
    items = item.session.items
    elsewhere = (each for each in items if each.path != item.path)
    following = next(elsewhere, items[0] if item is items[-1] else items[-1])
    reports = runtestprotocol(item, log=False, nextitem=following)
    for report in [*failed, *(each for each in reports if each.failed)]:
        text = report.longreprtext
        is_gone = report.when == "setup" and "edit_function" in text
        yield {
            "red": None if is_gone else item.nodeid.split("guard/")[-1],
            "error": text[-400:],
        }


def main() -> int:
    """Run all mutants in two processes; exit code 1 where one survives or does not apply."""
    table = mutants()
    console = Console()
    if not table:
        console.print("No protection of the guard has this in its name.")
        return 0
    with tempfile.TemporaryDirectory() as folder, Progress(console=console) as progress:
        task = progress.add_task(f"{len(table)} mutants", total=len(table))
        files = [Path(folder) / f"{number}.jsonl" for number in range(PROCESSES)]
        processes = [_start(number, file) for number, file in enumerate(files)]
        while any(process.poll() is None for process in processes):
            progress.update(task, completed=len(_read(files)))
            try:
                processes[0].wait(1)
                processes[1].wait(1)
            except subprocess.TimeoutExpired:
                pass
        outcomes = {outcome["name"]: outcome for outcome in _read(files)}
    shown = Table("protection", Column("without it red", overflow="fold"), "", box=None)
    lost = []
    for mutant in table:
        outcome = outcomes.get(mutant.name, {"red": None, "error": "was not run"})
        if outcome["red"] is None:
            lost.append(mutant.name)
        shown.add_row(
            mutant.name,
            outcome["red"] or f"[red]nothing[/] {outcome.get('error') or ''}",
            "second line" if mutant.second_line else "",
        )
    console.print(shown)
    console.print(f"{len(table) - len(lost)} of {len(table)} mutants are seen.")
    return 1 if lost else 0


def _start(number: int, results: Path) -> subprocess.Popen[bytes]:
    files = sorted({test.split("::")[0] for mutant in mutants() for test in mutant.tests})
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "-p", "support.mutants", "-m", "not slow"),
            *(str(FOLDER / file) for file in files),
        ],
        env={**os.environ, SHARE: f"{number}/{PROCESSES}", RESULTS: str(results)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _read(files: list[Path]) -> list[dict[str, Any]]:
    lines = "".join(file.read_text() for file in files if file.exists())
    return [json.loads(line) for line in lines.splitlines()]


if __name__ == "__main__":
    sys.exit(main())
