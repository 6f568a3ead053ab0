"""Fixtures: one server for the session, one fresh database for each test, dbt parsed once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sandbox.server import Server
from sandbox.service import create_tables
from support.databases import DATABASE, Database, Templates, running_server
from support.dbt_project import ROOT, DbtProject
from support.times import places_times

LONGEST = ("test_drills.py", "test_incidents.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--places-times", action="store_true", help="only tests that place times")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the longest files first; leave out what is the same on each day for `make test-days`."""
    # A file that takes minutes and comes last lets the other process wait for it.
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path not in slow_files))
    if config.getoption("--places-times"):
        left_out = [item for item in items if not places_times(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this session."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def templates(server: Server) -> Templates:
    """Makes a fresh database: `templates.fresh_database("uuid")` replaces the test's one."""
    return Templates(server, create_tables)


@pytest.fixture
def database(templates: Templates) -> Database:
    """A fresh database with the service's empty tables, user_id text."""
    return templates.fresh_database()


@pytest.fixture(scope="session")
def scratch(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of dbt's profile, target and log; libpq's variables lead to the database."""
    folder = tmp_path_factory.mktemp("dbt")
    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PG", "DBT_"))]:
            if name != "PG_BIN":
                patch.delenv(name)
        settings = {**server.environment, "PGDATABASE": DATABASE, "DBT_SCHEMA": "dbt"}
        for name, value in settings.items():
            patch.setenv(name, value)
        yield folder


@pytest.fixture(scope="session")
def dbt(scratch: Path) -> DbtProject:
    """This project's dbt; a test that builds also asks for `database`."""
    return DbtProject(scratch)


@pytest.fixture(scope="session")
def shop(scratch: Path) -> DbtProject:
    """A copy of the project in integration_tests, with this package installed by its path."""
    folder = scratch / "corner_shop"
    shutil.copytree(ROOT / "integration_tests", folder)
    packages = {"packages": [{"local": str(ROOT)}]}
    (folder / "packages.yml").write_text(yaml.safe_dump(packages))
    project = DbtProject(scratch, folder)
    assert project.install().success
    return project
