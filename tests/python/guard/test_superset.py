"""The dashboards in Apache Superset and Chromium: each chart answers, with the models' numbers."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from claimctl.options import Options
from dashboards.__main__ import bundle
from dashboards.bundle import Document, description
from support.browser import CHROMIUM, NO_CHROMIUM
from support.databases import MODELS_SCHEMA
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import NOTHING_OPTIONAL, Guards
from support.superset import HOME, Dashboard, Superset, running_superset
from support.weeks import BOUNDARIES, BUSY, PURCHASES, REQUESTS

DASHBOARDS = description()["dashboards"]
EARLIER_BUILDS = f"""
insert into {MODELS_SCHEMA}.fct_wallet_balance_history
select (jsonb_populate_record(
    each, jsonb_build_object(
        'built_at', built_at - n * interval '6 hours', 'short', n % 4, 'excess', n % 3,
        'settled_accurate_balances', settled_balances - n % 4 - n % 3
    )
)).*
from {MODELS_SCHEMA}.rpt_wallet_balance_health as each, generate_series(1, 20) as n;
"""
READER = f"""
do $$ begin
    create role bi_reader login;
exception when duplicate_object then null;
end $$;
grant usage on schema {MODELS_SCHEMA} to bi_reader;
grant select on all tables in schema {MODELS_SCHEMA} to bi_reader;
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.bi,
    pytest.mark.skipif(HOME is None, reason="not run: make test-bi sets Superset up"),
    pytest.mark.skipif(CHROMIUM is None, reason=f"not run: {NO_CHROMIUM}"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None,
        reason="not run: make test-bi installs playwright",
    ),
]


@dataclass(frozen=True)
class Shown:
    """A Superset that has the dashboards of a planted service."""

    superset: Superset
    guard: Guard
    bundle: dict[str, Document]
    file: Path


@pytest.fixture(scope="module")
def shown(
    guards: Guards, dbt: DbtProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    """Weeks of a service with wrong wallets, one of them repaired between two builds."""
    guard = guards.fresh()
    for user_id in ("put-right", "owed-to", "owed-to-as-well"):
        guard.add_short_wallet(user_id)
    guard.add_wallet("too-much", 4)
    for number in range(60):
        guard.add_wallet(f"right-{number}", 1)
        guard.add_claims(f"right-{number}", hours_ago=300 + 10 * number)
    guard.execute(REQUESTS + PURCHASES + BOUNDARIES + BUSY)
    for is_first in (True, False):
        outcome = dbt.run(
            *("build", "--resource-type", "model", "--resource-type", "seed"),
            vars=NOTHING_OPTIONAL,
        )
        assert outcome.success, outcome.explain()
        if is_first:
            guard.apply(guard.approve(guard.plan(user_id="put-right")))
    guard.execute(EARLIER_BUILDS + READER)
    folder = tmp_path_factory.mktemp("superset")
    made = bundle(Options(dsn=guard.server.dsn(guard.name, "bi_reader")))
    with running_superset(guard.server, folder) as superset:
        superset.take(folder / "bundle.zip", made)
        yield Shown(superset, guard, made, folder / "bundle.zip")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_chart_answers_with_rows(shown: Shown, name: str, width: int, scheme: str) -> None:
    charts = DASHBOARDS[name]["charts"]
    with shown.superset.dashboard(name, len(charts), scheme, width) as opened:
        questions = shown.superset.names("chart")
        assert {
            questions[each.chart]: (each.status, len(each.rows) > 0) for each in opened.answers
        } == {chart["question"]: (200, True) for chart in charts}
        assert opened.page.get_by_role("alert").count() == 0
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        opened.keep_screenshot(f"dashboards/{name}-{scheme}-{width}")


def told(shown: Shown, opened: Dashboard, question: str) -> list[dict[str, Any]]:
    """Return the rows that the chart of a question was told."""
    questions = shown.superset.names("chart")
    (rows,) = [each.rows for each in opened.answers if questions[each.chart] == question]
    return rows


def test_the_numbers_of_wallets_are_the_models(shown: Shown) -> None:
    with shown.superset.dashboard("wallet_integrity", 7, "light", 1280) as opened:
        ((right, settled, wrong),) = shown.guard.rows(
            "select sum(settled_accurate_balances), sum(settled_balances),"
            " sum(short + excess + missing_wallets)"
            f" from {MODELS_SCHEMA}.rpt_wallet_balance_health"
        )
        # Two owed, one too much, and users who have claims and no wallet.
        assert wrong > 3
        numbers = [each.inner_text() for each in opened.page.locator(".header-line").all()]
        assert numbers[:2] == [f"{right / settled:.2%}", str(wrong)]
        rows = told(shown, opened, "What is wrong, why, and since when?")
        columns = list(rows[0])[:-1]
        open_ones = f"select {', '.join(columns)} from {MODELS_SCHEMA}.rpt_discrepancies_open"
        assert sorted([*row.values()][:-1] for row in rows) == sorted(
            list(row) for row in shown.guard.rows(open_ones)
        )


def test_the_numbers_of_the_service_are_the_models(shown: Shown) -> None:
    with shown.superset.dashboard("claim_service_health", 8, "light", 1280) as opened:
        rows = told(shown, opened, "How many requests came, and how were they answered?")
    health = {
        hour: counts
        for hour, *counts in shown.guard.rows(
            "select (extract(epoch from hour) * 1000)::float8, successful, errors,"
            f" client_errors, cap_exceeded from {MODELS_SCHEMA}.rpt_claim_service_health"
        )
    }
    *past, _ = rows
    assert len(past) > 160
    assert sum(row["failed"] or 0 for row in past) > 20
    for row in past:
        counts = [row[name] for name in ("answered", "failed", "other_client_errors")]
        assert [*counts, row["refused_by_a_cap"]] == health[row["hour"]], row


def test_the_revenue_at_stake_is_the_models(shown: Shown) -> None:
    with shown.superset.dashboard("caps_and_purchases", 6, "light", 1280) as opened:
        revenue = shown.guard.value(
            f"select sum(revenue) from {MODELS_SCHEMA}.rpt_revenue_at_stake"
            " where discrepancy_type = 'missing_claim'"
        )
        assert opened.page.locator(".header-line").first.inner_text() == f"{revenue:,.2f}"


def test_a_renamed_column_is_seen(shown: Shown) -> None:
    view = f"alter view {MODELS_SCHEMA}.rpt_claim_service_health rename column"
    shown.guard.execute(f"{view} errors to faults")
    try:
        with shown.superset.dashboard("claim_service_health", 8, "light", 1280) as opened:
            questions = shown.superset.names("chart")
            refused = {questions[each.chart] for each in opened.answers if each.status != 200}
            assert refused == {
                "How many requests came, and how were they answered?",
                "Which share of the requests failed?",
            }
            assert opened.page.get_by_role("alert").count() == 2
    finally:
        shown.guard.execute(f"{view} faults to errors")


def test_a_second_import_updates(shown: Shown) -> None:
    charts, dashboards = (shown.superset.names(kind) for kind in ("chart", "dashboard"))
    made = copy.deepcopy(shown.bundle)
    made["charts/wallet_integrity_01.yaml"]["slice_name"] = "How many are wrong?"
    made["dashboards/wallet_integrity.yaml"]["dashboard_title"] = "Wallets"
    shown.superset.take(shown.file, made)
    assert set(shown.superset.names("chart").items()) - set(charts.items()) == {
        (number, "How many are wrong?")
        for number, name in charts.items()
        if name == "How many balances are wrong?"
    }
    assert "Wallets" in shown.superset.names("dashboard").values()
    shown.superset.take(shown.file, shown.bundle)
    assert shown.superset.names("chart") == charts
    assert shown.superset.names("dashboard") == dashboards
