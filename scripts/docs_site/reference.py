"""The reference pages, each made from the code that holds its facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from claimctl.cli import cli

ROOT = Path(__file__).parents[2]
GROUPS = ("wallets", "purchases", "caps", "service", "database", "quality")


def commands() -> str:
    """Return the page of the commands: what each says to --help."""
    page = [
        "# Commands",
        "",
        "This is what `--help` prints. Each command takes `--json`: [its documents](../json.md).",
    ]
    for context in _contexts(click.Context(cli, info_name="claimctl")):
        text = context.command.get_help(context)
        page += ["", f"## {context.command_path}", "", "```text", text, "```"]
    return "\n".join(page) + "\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """Yield a command and those below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.commands[name]
            yield from _contexts(click.Context(command, info_name=name, parent=context))


def variables() -> str:
    """Return the page of the vars: comments and defaults of dbt_project.yml, and bounds."""
    from lint.generate import _Macros

    rules: dict[str, Any] = _Macros().var_rules()
    lines = (ROOT / "dbt_project.yml").read_text(encoding="utf-8").splitlines()
    start = lines.index("vars:") + 2
    page = ["# Vars", "", "Set them below `vars: claim_reconciliation:` in your `dbt_project.yml`."]
    comment: list[str] = []
    defaults = yaml.safe_load("\n".join(lines))["vars"]["claim_reconciliation"]
    in_table = False
    for line in lines[start:]:
        if text := re.fullmatch(r"    # ?(.*)", line):
            comment.append(text[1])
            in_table = False
        elif name := re.match(r"    (\w+):", line):
            if not in_table:
                page += [
                    "",
                    " ".join(comment),
                    "",
                    "| var | default | may be |",
                    "| --- | --- | --- |",
                ]
                comment, in_table = [], True
            words = rules.get(name[1], {}).get("words", "")
            page.append(f"| `{name[1]}` | `{_inline(defaults[name[1]])}` | {_cell(words)} |")
        elif not line.strip():
            in_table = False
    return "\n".join(page) + "\n"


def models(manifest: dict[str, Any]) -> str:
    """Return the page of the public models, from their descriptions."""
    page = ["# Models", "", "These are the public models, each with its contract."]
    for group in GROUPS:
        owned = [
            node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and node["config"]["group"] == group
            and node["access"] == "public"
        ]
        page += ["", f"## {group.capitalize()}"]
        for node in sorted(owned, key=lambda each: each["name"]):
            page += ["", f"### {node['alias']}", "", " ".join(node["description"].split()), ""]
            page += ["| column | type | holds |", "| --- | --- | --- |"]
            page += [
                f"| `{column['name']}` | {column['data_type']} | {_cell(column['description'])} |"
                for column in node["columns"].values()
            ]
    return "\n".join(page) + "\n"


def guard() -> str:
    """Return the page of the functions of claim_ops and their errors, from their comments."""
    comments = dict(_comments())
    refuse = comments.pop("_refuse")
    page = ["# claim_ops", "", "## Errors", "", "| code | means |", "| --- | --- |"]
    page += [
        f"| `{code}` | {_cell(text)} |"
        for code, text in re.findall(
            r"(CO\d{3}) (.*?)(?=,? CO\d{3}|\. An installation|\.$)", refuse
        )
    ]
    for title, names in (
        ("Functions", [name for name in comments if not name.startswith("_")]),
        ("Inner functions", [name for name in comments if name.startswith("_")]),
    ):
        page += ["", f"## {title}", "", "| function | does |", "| --- | --- |"]
        page += [f"| `{name}` | {_cell(comments[name])} |" for name in sorted(names)]
    return "\n".join(page) + "\n"


def _comments() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "macros" / "guard").rglob("*.sql")):
        text = file.read_text(encoding="utf-8")
        found = re.findall(
            r"comment on function claim_ops\.(\w+)(?:\([^)]*\))? is\s+"
            r"(?:\$\$(.*?)\$\$|'((?:[^']|'')*)')",
            text,
            re.DOTALL,
        )
        for name, quoted, plain in found:
            yield name, " ".join((quoted or plain.replace("''", "'")).split())


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return text.removesuffix("\n...").strip().replace("|", "\\|")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
