"""How long the command line takes as a whole process; it must not import dbt."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.figures import Figure, medians_in_turn
from benchmarks.service import PROJECT, Service

# doctor ends with 1 where it has something to say about the database.
DONE_OR_FINDINGS = (0, 1)


def measure(service: Service) -> Iterator[Figure]:
    """Measure the help and the doctor."""
    doctor = ("--project-dir", str(PROJECT), "doctor")
    calls = {"claimctl --help": (("--help",), 0.3), "claimctl doctor": (doctor, 1.0)}
    seconds = medians_in_turn(
        service.runs,
        *(lambda call=call: _seconds(service, call) for call, _ in calls.values()),
    )
    for (name, (_, goal)), value in zip(calls.items(), seconds, strict=True):
        yield Figure(name, value, goal)


def _seconds(service: Service, call: tuple[str, ...]) -> float:
    start = time.perf_counter()
    service.run("claimctl", *call, accepted=DONE_OR_FINDINGS)
    return time.perf_counter() - start
