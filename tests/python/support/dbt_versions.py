"""`make test-dbt`: a part of the tests on each dbt-core that the package supports.

Each version has an environment of its own in target/dbt; it is made where it is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.dbt_project import ROOT

VERSIONS = ("1.11", "1.12")
# What dbt does for the package: parse, build, materialize, install it elsewhere, run the guard's
# script, read sources of all forms.
TESTS = (
    "tests/python/test_deprecations.py",
    "tests/python/test_runbook_tables.py",
    "tests/python/test_packages_and_items.py",
    "tests/python/test_selected_models.py",
    "tests/python/guard/test_install.py",
    "tests/python/guard/test_read_only_sources.py",
)
# dbt-core 1.12 asks for a parser that it uses for nothing unless told to, and whose sources
# download the rest of it while they are built.
LEFT_OUT = "dbt-core-experimental-parser ; sys_platform == 'never'"


def environment(version: str) -> Path:
    """Return the folder of the programs of an environment with this dbt-core."""
    folder = ROOT / "target" / "dbt" / version
    programs = folder / "bin"
    if not (programs / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        overrides = folder / "overrides.txt"
        overrides.write_text(f"dbt-core~={version}.0\n{LEFT_OUT}\n")
        subprocess.run(
            [
                *(uv, "pip", "install", "--quiet", "--python", str(programs / "python")),
                *("--override", str(overrides), "--editable", f"{ROOT}[dev]"),
            ],
            check=True,
        )
        (programs / "installed").touch()
    return programs


def is_green(version: str, tests: list[str]) -> bool:
    """Parse with every warning an error, then run the tests."""
    programs = environment(version)
    scratch = ROOT / "target" / "dbt" / f"{version}-parse"
    scratch.mkdir(exist_ok=True)
    shutil.copy(ROOT / "profiles.example.yml", scratch / "profiles.yml")
    places = [f"--{option}={scratch}" for option in ("profiles-dir", "target-path", "log-path")]
    parse = [str(programs / "dbt"), "--warn-error", "parse", "--no-partial-parse", *places]
    pytest = [str(programs / "python"), "-m", "pytest", "-n", "2", "--dist", "loadfile", *tests]
    where = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return all(
        subprocess.run(command, env=where, cwd=ROOT).returncode == 0 for command in (parse, pytest)
    )


def main() -> int:
    """Run the tests on each version; exit code 1 where one is red."""
    red = []
    for version in VERSIONS:
        print(f"dbt-core {version}", flush=True)
        if not is_green(version, sys.argv[1:] or list(TESTS)):
            red.append(version)
    if red:
        print(f"red on dbt-core {', '.join(red)}")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
