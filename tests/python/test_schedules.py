"""The selectors build what they say, and the ready examples name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from support.claimctl import claimctl, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject

SCHEDULES = ROOT / "docs" / "schedules"
SELECTORS = yaml.safe_load((ROOT / "selectors.yml").read_text())["selectors"]
FREQUENT = ("staging", "wallets", "service", "quality")
WITHOUT_TESTS = ("--resource-type", "seed", "--resource-type", "model")


def relations(database: Database) -> set[Any]:
    return set(
        database.rows(
            "select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            f" where nspname = '{MODELS_SCHEMA}' and relkind in ('r', 'v')"
        )
    )


def folders(nodes: Any, kind: str) -> set[str]:
    return {item.node.fqn[1] for item in nodes.values() if item.node.resource_type == kind}


@pytest.mark.slow
def test_each_selector_builds_its_part_and_leaves_the_rest(
    database: Database, dbt: DbtProject
) -> None:
    """A view that reads a table of another part is not lost when that is replaced."""
    daily = dbt.run("build", "--selector", "daily", *WITHOUT_TESTS)
    before = relations(database)
    everything = folders(daily.nodes, "model")
    assert everything >= {*FREQUENT, "staging"}
    hourly = dbt.run("build", "--selector", "hourly", *WITHOUT_TESTS)
    # The time spine is the same all year.
    assert folders(hourly.nodes, "model") == everything - {"semantics"}
    frequent = dbt.run("build", "--selector", "every_15_minutes")
    assert folders(frequent.nodes, "model") == everything & set(FREQUENT)
    for outcome in (daily, hourly, frequent):
        assert outcome.named("skipped", "error", "fail") == set(), outcome.explain()
    assert relations(database) == before

    wallet_tests = {path.stem for path in (ROOT / "tests" / "wallets").glob("assert_*.sql")}
    assert wallet_tests <= set(frequent.nodes)
    assert folders(frequent.nodes, "unit_test") == set()


@pytest.mark.slow
def test_doctor_and_alerts_say_how_old_each_build_is(database: Database, dbt: DbtProject) -> None:
    """Also that one is late, at twice its interval; a part that somebody built says nothing."""
    dbt.run("build", "--selector", "daily", *WITHOUT_TESTS)
    schedule = f"select selector, interval_minutes from {MODELS_SCHEMA}.rpt_schedule"
    dbt.run("build", "--select", "sku_catalog", "--indirect-selection", "cautious")
    dbt.run("test", "--selector", "every_15_minutes")
    assert database.value(f"select count(*) from {MODELS_SCHEMA}.fct_test_results") > 20
    assert database.rows(schedule) == []
    dbt.run("build", "--selector", "every_15_minutes")
    assert database.rows(schedule) == [("every_15_minutes", 15)]

    def told() -> tuple[list[str], list[str], list[dict[str, Any]]]:
        doctor = claimctl("doctor", "--json", *on(database)).document
        alerts = claimctl("alerts", "--json", *on(database)).document
        found = [each["finding"] for each in doctor["findings"] if each["check"] == "schedule"]
        return found, alerts["stale"], alerts["builds"]

    found, stale, (build,) = told()
    assert found == ["Built last: every_15_minutes 0 minutes ago."]
    assert stale == []
    assert (build["selector"], build["age_minutes"]) == ("every_15_minutes", 0)
    assert "\nBuilt last: every_15_minutes 0 minutes ago.\n" in (
        claimctl("alerts", *on(database)).stdout
    )

    table = f"{MODELS_SCHEMA}.fct_test_results"
    database.execute(f"update {table} set tested_at = now() - interval '29 minutes'")
    assert told()[1] == []
    database.execute(f"update {table} set tested_at = now() - interval '31 minutes'")
    (finding,), (sentence,), _ = told()
    assert finding.startswith("The selector every_15_minutes was built last at ")
    assert finding.endswith(", 31 minutes ago; it is due every 15.")
    assert sentence.endswith('due every 15 minutes: see "Is the schedule alive" in the runbook.')
    assert claimctl("alerts", *on(database)).exit_code == 3


def test_the_examples_name_selectors_that_there_are() -> None:
    names = {selector["name"] for selector in SELECTORS}
    cron = (SCHEDULES / "claims.cron").read_text()
    assert set(re.findall(r"--selector (\w+)", cron)) == names
    timers = {path.stem.removeprefix("claims-build-") for path in SCHEDULES.glob("*-build-*.timer")}
    assert timers == names
    workflow = (SCHEDULES / "claims.github.yml").read_text()
    assert set(re.findall(r"(?:&&|\|\|) '(\w+)'", workflow)) == names
    hours = {line["cron"] for line in yaml.safe_load(workflow)[True]["schedule"]}
    assert set(re.findall(r"event\.schedule == '([^']+)'", workflow)) < hours
    assert {" ".join(line.split()[:5]) for line in cron.splitlines() if "dbt" in line} == hours


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.skipif(not shutil.which("flock"), reason="needs flock")
def test_systemd_takes_the_units(tmp_path: Any) -> None:
    # A template is read as one of its instances.
    units = [
        shutil.copy(path, tmp_path / path.name.replace("@.", "@hourly."))
        for path in SCHEDULES.iterdir()
        if path.suffix in (".service", ".timer")
    ]
    shutil.copy(SCHEDULES / "claims-build@.service", tmp_path)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True
    )
    complaints = [line for line in verified.stderr.splitlines() if str(tmp_path) in line]
    assert (verified.returncode, complaints) == (0, []), verified.stderr


def test_each_selector_has_an_interval() -> None:
    """By which doctor and alerts complain; the timers and cron keep to it."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    intervals = project["vars"]["claim_reconciliation"]["build_intervals"]
    assert set(intervals) == {selector["name"] for selector in SELECTORS}
