"""Each run leaves one row a data test, also in a stranger's project, and never fails for it."""

from __future__ import annotations

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject, Outcome

TABLE = f"{MODELS_SCHEMA}.fct_test_results"
# One model with tests, whose rows the test may spoil, and the table of results.
SELECTION = (
    *("--select", "sku_catalog", "fct_test_results", "rpt_test_health"),
    *("--indirect-selection", "cautious"),
)
TESTS_OF_CATALOG = ("--select", "sku_catalog", "--indirect-selection", "cautious")
OBJECT_ID = f"select '{TABLE}'::regclass::oid"


def data_tests(outcome: Outcome) -> dict[str, str]:
    """Each data test of a run with its status."""
    tests = [name for name, item in outcome.nodes.items() if item.node.resource_type == "test"]
    return {name: outcome.status(name) for name in tests}


def kept(database: Database, schema: str = MODELS_SCHEMA) -> list[dict[str, str]]:
    """The kept results by invocation, the oldest first."""
    rows = database.rows(
        "select json_object_agg(test_name, status)"
        f" from {schema}.fct_test_results group by invocation_id order by min(tested_at)"
    )
    return [row[0] for row in rows]


def test_each_run_leaves_one_row_a_test(database: Database, dbt: DbtProject) -> None:
    built = dbt.build(*SELECTION)
    assert built.success, built.explain()
    assert kept(database) == [data_tests(built)] != [{}]
    assert set(data_tests(built).values()) == {"pass"}
    object_id = database.value(OBJECT_ID)

    # Alone, and after the catalogue went wrong: the failure is kept, and no row that shows it.
    database.execute(
        f"insert into {MODELS_SCHEMA}.sku_catalog (sku, item, quantity) values (null, 'anna', 1)"
    )
    tested = dbt.run("test", *TESTS_OF_CATALOG)
    assert not tested.success
    assert kept(database)[1:] == [data_tests(tested)]
    failing = database.rows(
        "select test_name, last_failures, last_passed_at < failing_since,"
        f" last_tested_at = failing_since from {MODELS_SCHEMA}.rpt_test_health"
        " where last_status = 'fail' and test_name like '%is_well_formed'"
    )
    assert failing == [("sku_catalog_is_well_formed", 1, True, True)]
    assert (
        database.value(f"select count(*) from {TABLE} as kept where kept::text like '%anna%'") == 0
    )

    # A full refresh keeps what is there; what is older than the retention goes.
    database.execute(
        f"update {TABLE} set tested_at = now() - interval '91 days' where status = 'fail'"
    )
    refreshed = dbt.build(*SELECTION, "--full-refresh")
    assert refreshed.named("error") == set()
    assert database.value(OBJECT_ID) == object_id
    passed = {name: status for name, status in data_tests(tested).items() if status != "fail"}
    assert kept(database) == [data_tests(built), passed, data_tests(refreshed)]


def test_each_result_names_its_section_of_the_runbook(database: Database, dbt: DbtProject) -> None:
    """Also one that could not run, and one of a model, which has no section of its own."""
    assert dbt.build(*SELECTION).success
    # It cannot run, because the models that it reads are not there.
    assert not dbt.run("test", "--select", "assert_caps_are_kept").success
    urls = dict(
        database.rows(f"select test_name, runbook_url from {MODELS_SCHEMA}.rpt_test_health")
    )
    section = "docs/runbook.md#users-paid-and-are-refused-by-a-cap"
    assert urls["assert_caps_are_kept"] == section
    assert urls["sku_catalog_is_well_formed"] == "docs/runbook.md#which-test-is-red"


def test_times_are_those_of_the_test(database: Database, dbt: DbtProject) -> None:
    before = database.value("select clock_timestamp()")
    assert dbt.build(*SELECTION).success
    after = database.value("select clock_timestamp()")
    rows = database.rows(f"select tested_at, execution_seconds from {TABLE}")
    assert rows
    assert all(before <= tested_at <= after for tested_at, _ in rows)
    assert all(0 < seconds < 60 for _, seconds in rows)


def test_without_the_table_a_run_goes_on(database: Database, dbt: DbtProject) -> None:
    assert dbt.build(*TESTS_OF_CATALOG).success
    assert database.value(f"select to_regclass('{TABLE}')") is None


@pytest.mark.parametrize(
    "trouble",
    [
        f"alter table {TABLE} rename column status to something_else",
        f"alter table {TABLE} add constraint never check (false)",
    ],
)
def test_trouble_with_the_table_fails_no_run(
    database: Database, dbt: DbtProject, trouble: str
) -> None:
    assert dbt.run("run", "--select", "fct_test_results").success
    database.execute(trouble)
    outcome = dbt.build(*TESTS_OF_CATALOG)
    assert outcome.success, outcome.explain()
    assert database.value(f"select count(*) from {TABLE}") == 0


@pytest.mark.slow
def test_a_look_back_keeps_its_results_apart(database: Database, dbt: DbtProject) -> None:
    assert dbt.build(*SELECTION).success
    before = kept(database)
    look_back = dbt.build(*SELECTION, vars={"as_of": "2025-03-31 00:30:00+00"})
    assert look_back.success, look_back.explain()
    assert kept(database) == before
    assert kept(database, f"{MODELS_SCHEMA}_as_of") == [data_tests(look_back)]


@pytest.mark.slow
def test_a_strangers_tests_are_kept_too(shop: DbtProject, database: Database) -> None:
    database.execute((ROOT / "integration_tests" / "claim_service.sql").read_text())
    outcome = shop.build("--select", "fct_test_results", "coin_wallets_match_claims")
    assert outcome.success, outcome.explain()
    assert kept(database) == [data_tests(outcome)]
    assert "coin_wallets_match_claims" in kept(database)[0]
