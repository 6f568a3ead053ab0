"""`make release`: one version, a clean tree, a dated section, a wheel that runs, and a tag."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from release import RefusedReleaseError, release, versions
from support.dbt_project import ROOT

FILES = ("dbt_project.yml", "pyproject.toml", "CHANGELOG.md", "README.md", "LICENSE", ".gitignore")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="not run: git is missing")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_one_version_in_three_files() -> None:
    named = versions(ROOT)
    assert len(set(named.values())) == 1, named
    assert re.fullmatch(r"\d+\.\d+\.\d+", named["pyproject.toml"])


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what a wheel is made of, whose CHANGELOG dates 9.8.7."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.com")
    folder = tmp_path / "clone"
    shutil.copytree(
        ROOT / "scripts" / "claimctl",
        folder / "scripts" / "claimctl",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    text = (folder / "CHANGELOG.md").read_text()
    (folder / "CHANGELOG.md").write_text(
        text.replace("\n## ", "\n## 9.8.7 (2026-12-01)\nNew.\n\n## ", 1)
    )
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


@needs_git
def test_a_release(clone: Path) -> None:
    wheel = release(clone, "9.8.7")
    assert wheel.name == "claim_reconciliation-9.8.7-py3-none-any.whl"
    assert set(versions(clone).values()) == {"9.8.7"}
    assert git(clone, "describe") == "v9.8.7"
    assert git(clone, "status", "--porcelain") == ""
    with pytest.raises(RefusedReleaseError, match=r"The tag v9\.8\.7 exists"):
        release(clone, "9.8.7")


@needs_git
def test_what_is_refused(clone: Path) -> None:
    before = git(clone, "rev-parse", "HEAD")
    with pytest.raises(RefusedReleaseError, match="is no version"):
        release(clone, "next")
    with pytest.raises(RefusedReleaseError, match=r"must begin with the section: ## 9\.9\.9 \("):
        release(clone, "9.9.9")
    (clone / "README.md").write_text("changed")
    with pytest.raises(RefusedReleaseError, match="not committed"):
        release(clone, "9.8.7")
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "tag")) == (before, "")


@needs_git
def test_a_wheel_that_does_not_run_is_not_tagged(clone: Path) -> None:
    (clone / "scripts" / "claimctl" / "cli.py").write_text("raise SystemExit(7)")
    git(clone, "commit", "--quiet", "--all", "--message", "broken")
    with pytest.raises(RefusedReleaseError, match="--version"):
        release(clone, "9.8.7")
    assert git(clone, "tag") == git(clone, "status", "--porcelain") == ""


def test_the_hooks_run_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    entries = " ".join(hook["entry"] for hook in hooks).replace(".venv/bin", "$(BIN)")
    recipes = re.findall(
        r"(?m)^(?:lint|style|types):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text()
    )
    assert len(recipes) == 3
    programs = re.findall(r"\$\(BIN\)/(?:python -m )?[\w.-]+(?: check| format)?", "".join(recipes))
    assert [each for each in ["conventions", *programs] if each not in entries] == []
