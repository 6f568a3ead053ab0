"""What every command keeps: help with an example, quick help, one sentence for a bad input."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from claimctl.cli import cli
from claimctl.config import load_project
from claimctl.options import Options
from sandbox.server import free_port
from support.claimctl import claimctl, consumer_project, on
from support.databases import Database
from support.dbt_project import ROOT

SLOW_TO_IMPORT = (
    "apprise",
    "dbt",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "requests",
    "rich",
    "yaml",
)


def every_command(
    command: click.Command = cli, path: str = "claimctl"
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from every_command(child, f"{path} {name}")


COMMANDS = dict(every_command())


def commands_to_type() -> Iterator[str]:
    """Each command in a block of the documents, and those that alerts tell people to run."""
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(r"```\w*\n(.*?)```", document.read_text(), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            yield from (
                line for line in lines if re.match(r"\s*(\$ )?(PGUSER=\w+ )?claimctl ", line)
            )
    alerts = (ROOT / "scripts" / "claimctl" / "sql" / "report" / "alerts.sql").read_text()
    commands = re.findall(r"\('\w+', '(.*)'\)", alerts)
    assert len(commands) > 5
    for command in commands:
        dated = command.replace("SINCE", "2026-11-24T08:00Z").replace("UNTIL", "2026-11-25")
        yield dated.replace("''", "'")


def imported(*arguments: str) -> tuple[int, str]:
    """Run the command line in a process of its own; return its exit code and its slow imports."""
    script = f"""
import sys
from claimctl.cli import main
sys.argv = ["claimctl", *{arguments!r}]
try:
    main()
finally:
    slow = [name for name in {SLOW_TO_IMPORT!r} if name in sys.modules]
    print("imported", *slow, file=sys.stderr)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )
    return process.returncode, process.stderr.splitlines()[-1]


@pytest.mark.parametrize("path", COMMANDS)
def test_help_has_an_example(path: str) -> None:
    answer = claimctl(*path.split()[1:], "--help")
    assert answer.exit_code == 0
    _, example = answer.stdout.split("Example:\n")
    assert path in example.split("Options:")[0]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_explained(path: str) -> None:
    options = [each for each in COMMANDS[path].params if isinstance(each, click.Option)]
    assert {"dsn", "project_dir", "models_schema", "as_json"} <= {each.name for each in options}
    assert [each.name for each in options if not each.help] == []


@pytest.mark.parametrize("path", [path for path in COMMANDS if " " in path])
def test_the_readme_names_every_command(path: str) -> None:
    assert f"`{path}" in (ROOT / "README.md").read_text()


def test_help_imports_nothing_slow(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.perf_counter()
    assert imported("--help") == (0, "imported")
    with capsys.disabled():
        print(f"claimctl --help: {time.perf_counter() - started:.2f} s", end=" ")


def test_no_command_imports_dbt(database: Database) -> None:
    exit_code, slow = imported("doctor", *on(database))
    assert (exit_code, slow) == (1, "imported psycopg rich yaml")


def test_the_wheel_holds_sql_and_template(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts" / "claimctl", tmp_path / "scripts" / "claimctl")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    build = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    files = [*ROOT.glob("scripts/claimctl/**/*.sql"), *ROOT.glob("scripts/claimctl/**/*.j2")]
    there = {path.relative_to(ROOT / "scripts") for path in files}
    assert there
    assert there <= {Path(name) for name in zipfile.ZipFile(wheel).namelist()}


def test_global_options_stand_before_or_after_the_command(database: Database) -> None:
    before = claimctl(*on(database), "--json", "doctor")
    after = claimctl("doctor", *on(database), "--json")
    assert before.document == after.document
    won = claimctl(*on(database), "doctor", "--project-dir", "/nowhere")
    assert "/nowhere" in won.sentence


def test_nothing_but_text_where_there_is_no_terminal(database: Database) -> None:
    answer = claimctl("doctor", *on(database))
    assert "No schema holds the wallet models." in answer.stdout
    assert "\x1b" not in answer.stdout


@pytest.mark.parametrize("command", [["doctor"], ["explain", "somebody"]])
class TestNoConnection:
    def test_nobody_listens(self, command: list[str]) -> None:
        dsn = f"host=127.0.0.1 port={free_port()} user=postgres"
        answer = claimctl(*command, "--project-dir", str(ROOT), "--dsn", dsn)
        assert answer.exit_code == 3
        assert "Connection refused" in answer.sentence
        assert "Check --dsn, or PGHOST" in answer.sentence

    def test_no_such_database(self, command: list[str], database: Database) -> None:
        dsn = database.server.dsn("nowhere")
        answer = claimctl(*command, "--project-dir", str(ROOT), "--dsn", dsn)
        assert answer.exit_code == 3
        assert 'database "nowhere" does not exist' in answer.sentence

    def test_a_malformed_dsn_is_not_repeated(self, command: list[str]) -> None:
        dsn = "postgres//oncall:secret@db"
        answer = claimctl(*command, "--project-dir", str(ROOT), "--dsn", dsn)
        assert answer.exit_code == 3
        assert 'missing "="' in answer.sentence
        assert "secret" not in answer.sentence


def test_libpq_variables_lead_to_the_server(database: Database) -> None:
    environment = {**database.server.environment, "PGDATABASE": database.name}
    answer = claimctl("doctor", "--json", "--project-dir", str(ROOT), env=environment)
    assert f"database {database.name}, login postgres" in answer.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no dbt_project.yml in"),
        ("vars: [", "is no valid YAML in line 1"),
        ("name: a\n\tvars: {}", "is no valid YAML in line 2"),
        ("just a text", "is no dbt project"),
        (b"name: \xff", "cannot be read"),
        ("name: consumer", "name it in packages.yml, and run there: dbt deps"),
        ("name: claim_reconciliation\nvars: 3", "vars in"),
        ("name: claim_reconciliation\nvars: {claim_reconciliation: 3}", "must be a mapping"),
    ],
)
@pytest.mark.parametrize("command", [["doctor"], ["explain", "somebody"]])
def test_a_bad_project_is_wrong_usage(
    command: list[str], content: str | bytes | None, sentence: str, tmp_path: Path
) -> None:
    if content is not None:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "dbt_project.yml").write_bytes(raw)
    answer = claimctl(*command, "--project-dir", str(tmp_path))
    assert answer.exit_code == 2
    assert sentence in answer.sentence
    assert str(tmp_path) in answer.sentence


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("claim_service_tables", None, "a mapping"),
        ("settle_minutes", "180", "a number"),
        ("settle_minutes", True, "a number"),
        ("has_wallet_adjustments", "yes", "true or false"),
        ("user_id_data_type", 3, "a text"),
        ("refund_statuses", "REFUND", "a list"),
    ],
)
def test_a_var_of_another_kind_is_wrong_usage(
    name: str, value: object, kind: str, tmp_path: Path
) -> None:
    folder = consumer_project(tmp_path, {name: value})
    answer = claimctl("doctor", "--project-dir", str(folder))
    assert answer.exit_code == 2
    assert f"must be {kind}, not {value!r}" in answer.sentence


def test_vars_are_resolved_in_the_order_of_dbt(tmp_path: Path) -> None:
    scoped = {"settle_minutes": 200, "no_var_of_ours": 1}
    given = {
        "settle_minutes": 300,
        "booster_stacking_policy": "extend",
        "a_var_of_others": 1,
        "claim_reconciliation": scoped,
    }
    project = load_project(Options(project_dir=consumer_project(tmp_path, given)))
    assert project.settings["settle_minutes"] == 200
    assert project.settings["booster_stacking_policy"] == "extend"
    assert project.settings["claim_service_schema"] == "public"
    assert project.unknown_vars == ["no_var_of_ours"]


def test_the_variable_of_dbt_names_the_project(tmp_path: Path) -> None:
    answer = claimctl("doctor", env={"DBT_PROJECT_DIR": str(tmp_path)})
    assert str(tmp_path) in answer.sentence


@pytest.mark.parametrize("line", sorted(set(commands_to_type())))
def test_what_the_documents_tell_people_to_type_is_a_command(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets as far as the connection, of which there is none."""
    (tmp_path / "affected.txt").write_text("anna")
    monkeypatch.chdir(tmp_path)
    # An analysis is compiled first, in the project's folder.
    monkeypatch.setenv("DBT_PROJECT_DIR", str(ROOT))
    monkeypatch.setattr("claimctl.commands.analyse.compiled", lambda *_: "select")
    port = free_port()
    line = re.sub(r"URL|https://\S+", f"http://127.0.0.1:{port}", line.replace("PLAN", "1"))
    line = re.sub(r"\b(FROM|TO)\b", "2026-11-24", line.split(" > ")[0])
    words = shlex.split(line, comments=True)
    arguments = words[words.index("claimctl") + 1 :]
    nowhere = [] if "probe" in arguments else ["--dsn", f"host=127.0.0.1 port={port}"]
    answer = claimctl(*arguments, *nowhere)
    assert answer.exit_code == 3, answer.stderr
