"""Fixtures: a database with the guard, under the project's settings or with nothing to settle."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.databases import Templates
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import NOTHING_TO_SETTLE, Guards


@pytest.fixture(scope="session")
def guards(dbt: DbtProject, templates: Templates) -> Guards:
    """Makes databases with the guard: `guards.fresh({"strict": True})` for other settings."""
    return Guards(dbt, templates)


@pytest.fixture
def guard(guards: Guards) -> Guard:
    """A fresh database with the guard, settle_minutes 0."""
    return guards.fresh(NOTHING_TO_SETTLE)


@pytest.fixture
def guard_that_waits(guards: Guards) -> Guard:
    """A fresh database with the guard under the project's settings: 180 minutes of quiet."""
    return guards.fresh()


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Threads for what goes on while the test looks at something else."""
    with ThreadPoolExecutor() as threads:
        yield threads
