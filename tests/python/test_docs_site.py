"""The documentation: a short README, references that hold all there is, and no broken link."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from claimctl.cli import cli
from dbt.cli.main import cli as dbt_cli
from docs_site import reference
from lint import generate
from support import versions
from support.browser import CHROMIUM, browser_page, keep_screenshot
from support.dbt_project import ROOT, DbtProject
from support.documents import commands

HAS_MKDOCS = importlib.util.find_spec("material") is not None


def test_the_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / target).exists(), target


def test_the_versions_of_the_readme_are_those_of_the_test_targets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert generate.render()[generate.README] == generate.README.read_text()
    assert "dbt-core 1.11 and 1.12 " in generate.supported()
    monkeypatch.setattr(versions, "MAJORS", (15, 19))
    assert "PostgreSQL 15 and 19 " in generate.supported()
    assert generate.render()[generate.README] != generate.README.read_text()


def documented(program: str) -> set[str]:
    """Return each command of a program that a page names."""
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    pages += (ROOT / "docs").rglob("*.md")
    return {each for page in pages for each in commands(page.read_text(), program)}


def test_each_make_target_of_the_pages_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    named = {command.split()[1] for command in documented("make")}
    assert len(named) > 15
    assert named <= targets


def test_each_dbt_command_of_the_pages_is_understood(
    dbt: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dbt's default is a folder in the home, which a bare machine does not have.
    monkeypatch.setenv("DBT_PROFILES_DIR", str(ROOT))
    manifest = dbt.parse()
    macros = {macro.name for macro in manifest.macros.values()}
    selectors = yaml.safe_load((ROOT / "selectors.yml").read_text())["selectors"]
    named = {re.sub(r"^(dbt)[, ]+", "dbt ", command) for command in documented("dbt")}
    assert len(named) > 8
    for command in named:
        words = shlex.split(command, comments=True)[1:]
        with dbt_cli.make_context("dbt", words, resilient_parsing=True) as context:
            name, subcommand, rest = dbt_cli.resolve_command(context, words)
            assert name, command
            assert subcommand is not None, command
            with subcommand.make_context(name, rest, parent=context) as given:
                assert given.params.get("macro", "install_guard") in macros, command
                selector = given.params.get("selector")
                assert selector is None or selector in {each["name"] for each in selectors}


def test_each_decision_says_what_was_chosen_and_each_page_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = {page.name: page.read_text() for page in folder.glob("*.md")}
    listed = re.findall(r"\]\(([\w-]+\.md)\)", pages.pop("index.md"))
    assert sorted(listed) == sorted(pages)
    order = ["Context", "Choice", "Edges", "Rejected"]
    for text in pages.values():
        for decision in re.split(r"(?m)^## ", text)[1:]:
            parts = re.findall(r"(?m)^- \*\*(\w+):\*\*", decision)
            assert "Choice" in parts, decision
            assert parts == sorted(parts, key=order.index), decision


def test_each_command_has_its_section() -> None:
    page = reference.commands()
    names = {f"claimctl {name}" for name in cli.commands}
    for group in ("lake", "plan"):
        names |= {f"claimctl {group} {name}" for name in cli.commands[group].commands}  # type: ignore[attr-defined]
    assert set(re.findall(r"(?m)^## (.+)$", page)) == {"claimctl", *names}
    assert page.count("Example:") >= len(names)


def test_each_var_has_its_row_and_its_bounds() -> None:
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| `.*` \| (.*) \|$", reference.variables()))
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    assert list(rows) == list(project["vars"]["claim_reconciliation"])
    assert [name for name, words in rows.items() if not words] == []


def test_each_public_model_has_its_section(dbt: DbtProject) -> None:
    manifest = dbt.parse()
    public = {
        node.alias
        for node in manifest.nodes.values()
        if str(node.resource_type) == "model" and str(getattr(node, "access", "")) == "public"
    }
    page = reference.models(json.loads(json.dumps(manifest.to_dict(omit_none=False), default=str)))
    assert set(re.findall(r"(?m)^### (\w+)$", page)) == public


def test_each_function_and_error_of_the_guard_has_its_row() -> None:
    page = reference.guard()
    sql = [file.read_text() for file in (ROOT / "macros" / "guard").rglob("*.sql")]
    functions = {
        name for text in sql for name in re.findall(r"create function claim_ops\.(\w+)", text)
    }
    assert len(functions) > 50
    assert functions - {"_refuse"} <= set(re.findall(r"(?m)^\| `(\w+)` \|", page))
    # CO9xx never leaves a batch: a line's savepoint is what it ends.
    codes = {code for text in sql for code in re.findall(r"'(CO[0-8]\d\d)'", text)}
    assert codes <= set(re.findall(r"(?m)^\| `(CO\d{3})` \|", page))


class _Links(HTMLParser):
    """What a page fetches by itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("src") or (values.get("href") if tag == "link" else None)
        if address and values.get("rel") != "canonical":
            self.fetched.append(address)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_MKDOCS, reason="not run: mkdocs is missing (make docs installs it)")
def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    site = tmp_path / "site"
    mkdocs = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict"]
    built = subprocess.run(
        [*mkdocs, "--site-dir", str(site)], cwd=ROOT, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    for page in site.rglob("*.html"):
        assert [each for each in _Links(page.read_text()).fetched if "//" in each] == []
    if CHROMIUM is None or importlib.util.find_spec("playwright") is None:
        return
    for scheme, width, name in (("light", 1280, "index"), ("dark", 390, "concepts")):
        with browser_page(scheme, width) as page:
            page.goto((site / f"{name}.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            keep_screenshot(page, f"site-{name}-{scheme}-{width}")
