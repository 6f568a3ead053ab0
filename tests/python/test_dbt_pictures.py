"""dbt's own pictures: exposures, the overview of the docs, and the freshness of sources."""

from __future__ import annotations

import re

import pytest
from support.databases import Database
from support.dbt_project import ROOT, DbtProject

READ_BY_ALERTS = {"rpt_alerts", "rpt_wallet_build", "escalation_contacts"}


def test_exposures_have_owners_and_read_public_models(dbt: DbtProject) -> None:
    manifest = dbt.parse()
    exposures = manifest.exposures.values()
    assert {each.name for each in exposures} == {
        *("claim_service_health", "wallet_integrity", "caps_and_purchases"),
        *("claimctl_report", "alert_messages"),
    }
    for exposure in exposures:
        assert exposure.owner.name
        assert exposure.owner.email
        assert exposure.maturity
        for read in exposure.depends_on.nodes:
            node = manifest.nodes[read]
            assert getattr(node, "access", "public") == "public", (exposure.name, read)


def test_the_exposure_of_the_report_names_what_it_reads(dbt: DbtProject) -> None:
    files = (ROOT / "scripts" / "claimctl" / "sql" / "report").glob("*.sql")
    read = {model for file in files for model in re.findall(r"{models}\.(\w+)", file.read_text())}
    manifest = dbt.parse()
    (report,) = [each for each in manifest.exposures.values() if each.name == "claimctl_report"]
    assert {manifest.nodes[node].alias for node in report.depends_on.nodes} == read


def test_the_overview_names_models_that_exist(dbt: DbtProject) -> None:
    manifest = dbt.parse()
    text = manifest.docs["doc.claim_reconciliation.__claim_reconciliation__"].block_contents
    names = {node.name for node in manifest.nodes.values()} | {
        node.alias for node in manifest.nodes.values()
    }
    named = set(re.findall(r"\b(?:fct|rpt|int|v)_\w+[a-z]\b", text))
    assert len(named) > 15
    assert named <= names
    assert {source.name for source in manifest.sources.values()} >= set(
        re.findall(r"(?m)^ (\w+) ─", text)
    ) - {"sku_catalog"}


@pytest.mark.parametrize(("age", "status"), [("30 minutes", "pass"), ("25 hours", "warn")])
def test_sources_are_fresh(dbt: DbtProject, database: Database, age: str, status: str) -> None:
    database.execute(f"""
        insert into purchase_claims values ('a', 'u', 's', now() - interval '{age}');
        insert into user_wallet_balances values ('u', 1, null, now() - interval '{age}');
        insert into audit_purchases values ('a', 'u', 's', 'PAID', now() - interval '{age}');
        insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
        values (now() - interval '{age}', 'claim', 200, 1);
    """)
    outcome = dbt.run("source", "freshness")
    sources = ("purchase_claims", "user_wallet_balances", "audit_purchases", "function_metrics")
    assert {name: outcome.status(name) for name in sources} == dict.fromkeys(sources, status)


@pytest.mark.slow
def test_freshness_goes_by_the_names_and_zones_of_a_consumer(
    shop: DbtProject, database: Database
) -> None:
    database.execute((ROOT / "integration_tests" / "claim_service.sql").read_text())
    database.execute("""
        update billing.claimed_purchases set claimed_on = now();
        update app.wallets set "Changed At" = now();
        delete from billing.function_metrics;
        insert into billing.function_metrics (requested_on, function_name, status_code, duration_ms)
        values (now() at time zone 'Europe/Berlin' - interval '30 minutes', 'claim', 200, 1);
    """)
    outcome = shop.run("source", "freshness", "--select", "source:claim_service")
    assert outcome.success, outcome.explain()
    for name in ("purchase_claims", "user_wallet_balances", "function_metrics"):
        assert outcome.status(name) == "pass"
