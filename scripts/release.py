"""`make release VERSION=1.2.3`: one version in three files, a wheel that runs, and a tag."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The file, and how the version stands in it.
VERSIONS = {
    "dbt_project.yml": r"(?m)^(version: )(\S+)$",
    "pyproject.toml": r'(?m)^(version = ")([^"]+)(?=")',
    "CHANGELOG.md": r"(?m)^(## )(\d\S*)",
}


class RefusedReleaseError(Exception):
    """Why nothing was released."""


def versions(root: Path) -> dict[str, str]:
    """Return the version that each file names."""
    found = {}
    for name, pattern in VERSIONS.items():
        match = re.search(pattern, (root / name).read_text(encoding="utf-8"))
        found[name] = match[2] if match else ""
    return found


def release(root: Path, version: str) -> Path:
    """Set the version, build its wheel, try it, commit and tag; return the wheel."""
    _check(root, version)
    for name in ("dbt_project.yml", "pyproject.toml"):
        text = (root / name).read_text(encoding="utf-8")
        changed = re.sub(VERSIONS[name], rf"\g<1>{version}", text, count=1)
        (root / name).write_text(changed, encoding="utf-8")
    try:
        wheel = _build(root, version)
        _try(wheel, version)
    except BaseException:
        _run(root, "git", "checkout", "--quiet", "--", "dbt_project.yml", "pyproject.toml")
        raise
    if _run(root, "git", "status", "--porcelain"):
        _run(root, "git", "commit", "--quiet", "--all", "--message", f"Release {version}")
    _run(root, "git", "tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    return wheel


def _check(root: Path, version: str) -> None:
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise RefusedReleaseError(f"{version!r} is no version: make release VERSION=1.2.3")
    if _run(root, "git", "status", "--porcelain"):
        raise RefusedReleaseError("The tree has changes that are not committed: git status")
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.search(r"(?m)^## .*$", text)
    dated = re.fullmatch(
        rf"## {re.escape(version)} \((\d{{4}}-\d\d-\d\d)\)", first[0] if first else ""
    )
    if not dated:
        raise RefusedReleaseError(
            f"CHANGELOG.md must begin with the section: ## {version} ({date.today()})"
        )
    if _run(root, "git", "tag", "--list", f"v{version}"):
        raise RefusedReleaseError(f"The tag v{version} exists: choose another version.")


def _build(root: Path, version: str) -> Path:
    python = Path(sys.executable)
    options = ("--wheel", "--no-build-isolation", "--python", str(python), "--out-dir", "dist")
    _run(root, str(python.with_name("uv")), "build", "--quiet", *options)
    (wheel,) = (root / "dist").glob(f"claim_reconciliation-{version}-*.whl")
    return wheel


def _try(wheel: Path, version: str) -> None:
    """Install the wheel in an environment of its own, and ask it for its version."""
    uv = str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        _run(wheel.parent, uv, "venv", "--quiet", "--python", sys.executable, str(environment))
        python = str(environment / "bin" / "python")
        _run(wheel.parent, uv, "pip", "install", "--quiet", "--python", python, str(wheel))
        said = _run(wheel.parent, str(environment / "bin" / "claimctl"), "--version")
    if said.split()[-1:] != [version]:
        raise RefusedReleaseError(f"The wheel's claimctl --version says: {said}")


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RefusedReleaseError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    try:
        made = release(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
    except RefusedReleaseError as error:
        sys.exit(f"Nothing is released. {error}")
    print(f"{made.relative_to(ROOT)} runs and is tagged. Next: git push --follow-tags")
