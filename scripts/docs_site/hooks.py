"""What mkdocs calls: pages that are made, and links that lead out of docs/."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from docs_site import reference  # noqa: E402

# Pages of the repository that are pages of the site.
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}


def on_files(files: Files, config: Any) -> Files:
    """Add the references and the repository's own pages."""
    made = {
        "reference/commands.md": reference.commands(),
        "reference/vars.md": reference.variables(),
        "reference/models.md": reference.models(_manifest()),
        "reference/claim_ops.md": reference.guard(),
    }
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        made[page] = re.sub(r"\]\(docs/", "](", text)
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to pages of the site; what is only in the repository is named, not linked."""

    def lead(link: re.Match[str]) -> str:
        words, target = link[1], link[2].removeprefix("../")
        name, _, anchor = target.partition("#")
        if name in PAGES:
            return f"[{words}]({PAGES[name]}{'#' + anchor if anchor else ''})"
        if link[2].startswith("../") and (ROOT / target).exists():
            return f"`{target}`"
        return link[0]

    if page.file.src_uri.startswith("reference/"):
        return markdown
    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", lead, markdown)


def _manifest() -> dict[str, Any]:
    """Let dbt parse the project, which asks no database, and read what it found."""
    folder = ROOT / "target" / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    example = (ROOT / "profiles.example.yml").read_text(encoding="utf-8")
    (folder / "profiles.yml").write_text(example, encoding="utf-8")
    places = [f"--{name}-{end}={folder}" for name, end in (("profiles", "dir"), ("target", "path"))]
    program = [str(Path(sys.executable).with_name("dbt")), "parse", "--quiet"]
    subprocess.run([*program, *places, f"--log-path={folder}"], cwd=ROOT, check=True)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest
