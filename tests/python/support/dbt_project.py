"""dbt in this process: each set of vars that a parse reads is parsed once, and used again.

A parse takes 5 seconds, so that manifests are kept in target/ too, where the test processes share
them: by the project's content, so that a changed file is parsed anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import yaml
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.tests import disable_test_caching, enable_test_caching

ROOT = Path(__file__).parents[3]
KEPT_MANIFESTS = ROOT / "target" / "test_manifests"
PARSED = {".sql", ".yml", ".csv", ".md"}
NOT_PARSED = {".venv", "target", "logs", ".git"}
# On these depend names of relations, types of columns, configs and references. All other vars are
# read when a node is compiled: test_vars.py compares the manifests.
PARSED_VARS = {
    "as_of",
    "claim_service_filters",
    "claim_service_schema",
    "claim_service_tables",
    "has_accepted_discrepancies",
    "has_queued_purchases",
    "has_users",
    "has_wallet_adjustments",
    "sku_catalog_model",
    "user_id_data_type",
    "wallet_history_days",
    "wallet_items",
}
# A parse looks at no table, and takes what may be there as there.
ARE_THERE = {"has_accepted_discrepancies", "has_queued_purchases", "has_wallet_adjustments"}


# dbt's own means for tests: what was parsed of a template's text is parsed once a process.
enable_test_caching()


def compile_each_template_once() -> None:
    """Let Jinja keep the code of a template's text, which dbt compiles anew in each run."""
    compile_anew = jinja2.Environment.compile
    codes: dict[tuple[Any, ...], Any] = {}

    def compile(self: jinja2.Environment, *arguments: Any, **named: Any) -> Any:
        key = (type(self), *arguments, *sorted(named.items()))
        if key not in codes:
            codes[key] = compile_anew(self, *arguments, **named)
        return codes[key]

    jinja2.Environment.compile = compile  # type: ignore[method-assign]


compile_each_template_once()


@cache
def kept_manifests() -> Path:
    """Return the folder of the manifests of what stands in the project now; it is the only one."""
    content = hashlib.sha256(version("dbt-core").encode())
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_PARSED)
        for path in [Path(folder, name) for name in sorted(names)]:
            if path.suffix in PARSED:
                content.update(f"{path} ".encode() + path.read_bytes())
    kept = KEPT_MANIFESTS / content.hexdigest()
    kept.mkdir(parents=True, exist_ok=True)
    for other in set(KEPT_MANIFESTS.iterdir()) - {kept}:
        shutil.rmtree(other, ignore_errors=True)
    return kept


@dataclass(frozen=True)
class Outcome:
    """What one run of dbt did: each node's result by its name."""

    success: bool
    exception: BaseException | None
    nodes: Mapping[str, Any]

    def status(self, name: str) -> str:
        """Return the status of a node: success, pass, warn, fail, error or skipped."""
        return str(self.nodes[name].status)

    def failures(self, name: str) -> int:
        """Return how many rows a test found wrong."""
        return int(self.nodes[name].failures or 0)

    def message(self, name: str) -> str:
        """Return what a node said about its end."""
        return str(self.nodes[name].message)

    def named(self, *statuses: str) -> set[str]:
        """Return the names of the nodes that ended with one of the statuses."""
        return {name for name in self.nodes if self.status(name) in statuses}

    def explain(self) -> str:
        """Say what went wrong, for the message of an assertion."""
        bad = self.named("fail", "error", "skipped")
        lines = [f"{name}: {self.status(name)}: {self.message(name)}" for name in sorted(bad)]
        return "\n".join([*lines, str(self.exception or "")])


@cache
def defaults() -> Mapping[str, Any]:
    """Return the project's vars."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    vars: Mapping[str, Any] = project["vars"]["claim_reconciliation"]
    return vars


def is_parsed(name: str, value: Any) -> bool:
    """Return whether a parse with this value leaves another manifest than one without it."""
    return (
        name in PARSED_VARS
        and value != defaults()[name]
        and not (name in ARE_THERE and value is True)
    )


class DbtProject:
    """A dbt project whose manifests are kept: one database name for all tests keeps them valid."""

    def __init__(self, scratch: Path, project_dir: Path = ROOT) -> None:
        self.project_dir = project_dir
        self.scratch = scratch
        self._manifests: dict[str, Manifest] = {}

    def install(self) -> Outcome:
        """Install the packages that the project names."""
        result = dbtRunner().invoke(["deps", *self._places()])
        return Outcome(result.success, result.exception, {})

    def parse(self, vars: Mapping[str, Any] | None = None) -> Manifest:
        """Return the manifest for these vars; only the first call for them parses."""
        if self.project_dir == ROOT:
            vars = {name: value for name, value in (vars or {}).items() if is_parsed(name, value)}
        key = json.dumps(vars or {}, sort_keys=True)
        if key not in self._manifests:
            self._manifests[key] = (
                self._keep(key, vars) if self.project_dir == ROOT else self.parse_anew(vars)
            )
        return self._manifests[key]

    def _keep(self, key: str, vars: Mapping[str, Any] | None) -> Manifest:
        kept = kept_manifests() / hashlib.sha256(key.encode()).hexdigest()
        if kept.exists():
            return Manifest.from_msgpack(kept.read_bytes())
        manifest = self.parse_anew(vars)
        # Renamed when it is whole, because another test process may read it meanwhile.
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(manifest.to_msgpack())
        part.rename(kept)
        return manifest

    def parse_anew(self, vars: Mapping[str, Any] | None) -> Manifest:
        """Parse and return the manifest; what dbt refuses is raised."""
        result = dbtRunner().invoke(["parse", *self._arguments(vars)])
        if not isinstance(result.result, Manifest):
            raise result.exception or RuntimeError("dbt parse gave no manifest")
        return result.result

    def warnings(self) -> list[str]:
        """Parse anew and return what dbt warns of, deprecated names and keys among it."""
        said: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "warn" or "Deprecat" in event.info.name:
                said.append(event.info.msg)

        # What is parsed from the cache is not warned of again.
        disable_test_caching()
        try:
            result = dbtRunner(callbacks=[listen]).invoke(
                ["parse", "--no-partial-parse", *self._arguments(None), "--show-all-deprecations"]
            )
        finally:
            enable_test_caching()
        assert result.success, result.exception
        return said

    def build(
        self,
        *options: str,
        vars: Mapping[str, Any] | None = None,
        unit_tests: bool = False,
    ) -> Outcome:
        """Run `dbt build`; a failing test is an outcome and raises nothing."""
        left_out = [] if unit_tests else ["--exclude-resource-type", "unit_test"]
        return self.run("build", *left_out, *options, vars=vars)

    def run(self, *command: str, vars: Mapping[str, Any] | None = None) -> Outcome:
        """Run any command of dbt that has results by node."""
        runner = dbtRunner(manifest=self.parse(vars))
        result = runner.invoke([*command, *self._arguments(vars)])
        results = getattr(result.result, "results", [])
        # What run-operation did is no node.
        nodes = {item.node.name: item for item in results if hasattr(item, "node")}
        return Outcome(result.success, result.exception, nodes)

    def says(self, *command: str, vars: Mapping[str, Any] | None = None) -> str:
        """Run a command that is refused, and return what dbt says, without its line breaks."""
        said: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                said.append(event.info.msg)

        runner = dbtRunner(manifest=self.parse(vars), callbacks=[listen])
        result = runner.invoke([*command, *self._arguments(vars)])
        assert not result.success
        return " ".join(" ".join(said).split())

    def _arguments(self, vars: Mapping[str, Any] | None) -> list[str]:
        return [
            *self._places(),
            *("--target-path", str(self.scratch / "target"), "--no-write-json"),
            *("--no-partial-parse", "--vars", json.dumps(vars or {})),
        ]

    def _places(self) -> list[str]:
        return [
            *("--project-dir", str(self.project_dir), "--profiles-dir", str(self.scratch)),
            *("--log-path", str(self.scratch / "logs"), "--log-level-file", "none"),
            *("--quiet", "--no-use-colors"),
        ]
