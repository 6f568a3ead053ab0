"""What a build did with memory, from the log of events that Spark writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Memory:
    """Sums over the tasks of a build."""

    failed_tasks: int
    lost_executors: int
    spilled_bytes: int
    shuffled_bytes: int
    task_seconds: float
    collecting_seconds: float

    @property
    def collecting_share(self) -> float:
        """Which share of the tasks' time the collector of garbage took, in percent."""
        return 100 * self.collecting_seconds / max(self.task_seconds, 0.001)


class Events:
    """The events of one Thrift server, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read = 0

    @property
    def settings(self) -> dict[str, object]:
        """The settings of a server that writes plain lines there."""
        return {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file:{self.folder}",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
        }

    def since_last_look(self) -> Memory:
        """Return what happened since the last call."""
        (path,) = self.folder.iterdir()
        with path.open("rb") as log:
            log.seek(self._read)
            lines = [line for line in log if line.endswith(b"\n")]
        self._read += sum(map(len, lines))
        wanted = (b"SparkListenerTaskEnd", b"SparkListenerExecutorRemoved")
        events = [json.loads(line) for line in lines if any(name in line[:60] for name in wanted)]
        tasks = [event for event in events if event["Event"] == "SparkListenerTaskEnd"]
        return Memory(
            failed_tasks=sum(task["Task End Reason"]["Reason"] != "Success" for task in tasks),
            lost_executors=len(events) - len(tasks),
            spilled_bytes=_total(tasks, "Disk Bytes Spilled"),
            shuffled_bytes=sum(
                (task.get("Task Metrics") or {})
                .get("Shuffle Write Metrics", {})
                .get("Shuffle Bytes Written", 0)
                for task in tasks
            ),
            task_seconds=_total(tasks, "Executor Run Time") / 1000,
            collecting_seconds=_total(tasks, "JVM GC Time") / 1000,
        )


def _total(tasks: list[dict[str, Any]], metric: str) -> int:
    return sum((task.get("Task Metrics") or {}).get(metric, 0) for task in tasks)
