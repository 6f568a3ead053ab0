"""dbt as a user would run it, watched, and its build judged by the results."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

# What says that wallets are wrong, as long as they are.
WALLETS_ARE_WRONG = frozenset({"assert_settled_wallets_match_claims"})
# What says that the service was down within the last hour.
SERVICE_WAS_DOWN = frozenset(
    {
        "assert_error_budgets_do_not_burn_fast",
        "assert_error_rate_objective_is_met",
        "assert_latency_objective_is_met",
    }
)
FINISHED_NODE = re.compile(r"\d+ of (\d+) (?!START|OK hook)[A-Z]")


@dataclass(frozen=True)
class Verdict:
    """How the nodes of a build ended: each node's name with its status, and its seconds."""

    statuses: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    def named(self, *statuses: str) -> set[str]:
        """Return the names of the nodes that ended so."""
        return {name for name, status in self.statuses.items() if status in statuses}

    def seconds_of_wallets(self, project: Path) -> float:
        """Return how long the models of the wallets took, one by one."""
        models = (project / "models" / "wallets").glob("*.sql")
        return sum(self.seconds.get(model.stem, 0) for model in models)

    def complaint(
        self,
        expected_failures: frozenset[str] = frozenset(),
        possible_failures: frozenset[str] = frozenset(),
    ) -> str | None:
        """Say what is not as it should be: everything built, only the expected tests failed."""
        if skipped := self.named("skipped"):
            return f"dbt build skipped {_listed(skipped)}"
        if broken := self.named("error", "runtime error"):
            return f"dbt build could not run {_listed(broken)}"
        failed = self.named("fail")
        if unexpected := failed - expected_failures - possible_failures:
            return f"dbt build failed where it should pass: {_listed(unexpected)}"
        if silent := expected_failures - failed:
            return f"dbt build did not notice the injected faults: {_listed(silent)} did not fail"
        return None

    def __str__(self) -> str:
        counts = Counter(self.statuses.values())
        lines = [f"{counts['success']} built, {counts['pass']} tests passed, none skipped"]
        if failed := self.named("fail"):
            lines.append(f"failed, as it should: {_listed(failed)}")
        if warned := self.named("warn"):
            lines.append(f"warned: {_listed(warned)}")
        return "\n  ".join(lines)


def run_dbt(
    project: Path,
    environment: dict[str, str],
    log: Path,
    tell: Callable[[str], None],
    *arguments: str,
) -> int:
    """Run dbt with its output in `log`, telling each time how many nodes are finished."""
    command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", *arguments]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command,
            cwd=project,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as dbt,
    ):
        assert dbt.stdout is not None
        finished = 0
        for line in dbt.stdout:
            output.write(line)
            if node := FINISHED_NODE.search(line):
                finished += 1
                tell(f"{finished} of {node[1]}")
    return dbt.returncode


def judge(run_results: Path) -> Verdict:
    """Read how the nodes of the last build ended."""
    if not run_results.exists():
        return Verdict({"dbt": "error"})
    results = json.loads(run_results.read_text())["results"]
    # An id starts with the kind of node and the package; a generic test's ends with a hash.
    nodes = {node["unique_id"].split(".", 2)[2]: node for node in results}
    return Verdict(
        {name: node["status"] for name, node in nodes.items()},
        {name: node["execution_time"] for name, node in nodes.items()},
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
