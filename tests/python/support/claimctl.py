"""The command line in this process, and projects for it to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from claimctl.cli import cli
from click.testing import CliRunner

from support.databases import Database
from support.dbt_project import ROOT

Finding = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a command printed and its exit code."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.stdout)

    @property
    def sentence(self) -> str:
        """The sentence on standard error with its commands, of a command that printed no more.

        Each command stands on a line of its own and can be copied: it ends with no full stop.
        """
        assert self.stdout == ""
        line, *commands = self.stderr.splitlines()
        assert line.startswith("claimctl: ")
        assert line.endswith(":" if commands else "."), self.stderr
        for command in commands:
            assert re.match(
                r"  (claimctl|dbt|grant|alter|create|drop|--[a-z-]+) .*[^.]$", command
            ), command
        return " ".join([line.removeprefix("claimctl: "), *(each.strip() for each in commands)])


def claimctl(*arguments: str, env: dict[str, str] | None = None) -> Answer:
    """Run the command line; an exception that is no message to people fails the test."""
    result = CliRunner().invoke(cli, arguments, env=env, prog_name="claimctl")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def on(database: Database, project_dir: Path = ROOT, user: str = "postgres") -> list[str]:
    """Return the options that lead to a database as a login, with a project's names."""
    dsn = database.server.dsn(database.name, user)
    return ["--dsn", dsn, "--project-dir", str(project_dir)]


def faults(answer: Answer) -> list[Finding]:
    """Return the findings of `doctor --json` that are faults, but for models that nobody built."""
    findings: list[Finding] = answer.document["findings"]
    return [
        finding
        for finding in findings
        if finding["state"] in ("warning", "error")
        and finding["finding"] != "No schema holds the wallet models."
    ]


def consumer_project(folder: Path, vars: dict[str, Any]) -> Path:
    """Make a dbt project that has installed the package, and return its folder."""
    packages = folder / "dbt_packages"
    packages.mkdir(parents=True)
    (packages / "claim_reconciliation").symlink_to(ROOT)
    project = {"name": "consumer", "profile": "consumer", "vars": vars}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    return folder
