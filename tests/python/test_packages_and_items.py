"""The package in a stranger's project, and one more item by configuration alone."""

from __future__ import annotations

import pytest
import yaml
from support.claimctl import claimctl, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject

ANNA, BEN, CARLA, DORA = (f"00000000-0000-0000-0000-00000000000{number}" for number in range(1, 5))

# What goes wrong at the corner shop: shields, boosters, hint packs and coins, each in another way.
SHOP_FAULTS = f"""
update app.wallets set shields = 5 where customer_id = '{ANNA}';
update app.wallets set hint_packs = null where customer_id = '{BEN}';
update app.wallets set hint_packs = 30 where customer_id = '{CARLA}';
delete from app.wallets where customer_id = '{DORA}';
update app.coin_wallets set coins = 149 where customer_id = '{ANNA}';
delete from app.coin_wallets where customer_id = '{BEN}';
delete from app.coin_claims where customer_id = '{CARLA}';
"""


@pytest.fixture
def shop_database(database: Database) -> Database:
    database.execute((ROOT / "integration_tests" / "claim_service.sql").read_text())
    return database


def discrepancies(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "select user_id::text, item, discrepancy_type, quantity_discrepancy"
        f" from {MODELS_SCHEMA}.fct_wallet_discrepancies order by user_id, item"
    )


@pytest.mark.slow
def test_a_strangers_project_builds_and_finds_its_faults(
    shop: DbtProject, shop_database: Database
) -> None:
    outcome = shop.build(unit_tests=True)
    assert outcome.success, outcome.explain()
    # Its catalogue is shop_products: nobody counts against the example's.
    assert {"shop_products"} == {"shop_products", "sku_catalog"} & set(outcome.nodes)
    assert discrepancies(shop_database) == []

    shop_database.execute(SHOP_FAULTS)
    outcome = shop.build()
    assert outcome.named("skipped", "error") == set(), outcome.explain()
    assert outcome.named("fail") == {
        "assert_settled_wallets_match_claims",
        "coin_wallets_match_claims",
    }
    assert outcome.failures("coin_wallets_match_claims") == 3
    assert discrepancies(shop_database) == [
        (ANNA, "streakshield", "short", -1),
        (BEN, "hint_pack", "short", None),
        (CARLA, "hint_pack", "excess", 20),
        (DORA, "hint_pack", "missing_wallet", None),
        (DORA, "streakshield", "missing_wallet", None),
        (DORA, "xp_booster", "missing_wallet", None),
    ]
    owed = shop_database.rows(
        "select customer_id::text, items_owed from dbt.customers_owed order by customer_id"
    )
    assert owed == [(ANNA, 1), (BEN, 1), (DORA, 3)]


@pytest.mark.slow
def test_times_without_a_zone_and_requests_without_a_reason(
    shop: DbtProject, shop_database: Database
) -> None:
    """A shop in Berlin whose metrics name neither the zone nor why a request was refused."""
    shop_database.execute(
        """
        insert into billing.function_metrics (requested_on, function_name, status_code, duration_ms)
        select date_trunc('hour', now() at time zone 'Europe/Berlin') - interval '5 hours',
            name, 409, 7
        from unnest(array['claim', 'claim_box', 'refund']) as name
        """
    )
    assert shop.build().success
    found = shop_database.rows(
        "select hour = date_trunc('hour', now(), 'UTC') - interval '5 hours', requests, conflicts"
        f" from {MODELS_SCHEMA}.v_claim_conflicts_rolling where requests > 0"
    )
    assert found == [(True, 2, 2)]

    coverage = (
        f"select status, ddl from {MODELS_SCHEMA}.rpt_index_coverage where reason like '%alerts%'"
    )
    ((status, ddl),) = shop_database.rows(coverage)
    assert status == "missing"
    shop_database.execute(ddl)
    assert shop_database.rows(coverage) == [("present", None)]


@pytest.mark.slow
def test_as_of_in_a_project_file_is_refused(shop: DbtProject, shop_database: Database) -> None:
    """There it would not reach the schema's suffix, and the look back would replace production."""
    build = ("--select", "+rpt_wallet_build", "--indirect-selection", "cautious")
    assert shop.build(*build).success
    before = shop_database.rows(f"select * from {MODELS_SCHEMA}.rpt_wallet_build")
    file = shop.project_dir / "dbt_project.yml"
    original = file.read_text()
    settings = yaml.safe_load(original)
    settings["vars"]["claim_reconciliation"]["as_of"] = "2025-03-31 00:30:00+00"
    try:
        file.write_text(yaml.safe_dump(settings))
        outcome = DbtProject(shop.scratch, shop.project_dir).build()
    finally:
        file.write_text(original)
    assert not outcome.success
    assert "as_of builds go to a schema of their own" in outcome.explain()
    assert outcome.named("success") == set()
    assert shop_database.rows(f"select * from {MODELS_SCHEMA}.rpt_wallet_build") == before


@pytest.mark.slow
def test_hint_packs_need_one_entry_one_sku_and_one_column(
    database: Database, dbt: DbtProject
) -> None:
    items = {
        "streakshield": {"column": "streakshield_count", "kind": "quantity"},
        "xp_booster": {"column": "xp_booster_until", "kind": "expiry"},
        "hint_pack": {"column": "hint_packs", "kind": "quantity"},
    }
    assert dbt.run("seed").success
    database.execute(
        f"""
        insert into {MODELS_SCHEMA}.sku_catalog (sku, item, quantity)
        values ('hints', 'hint_pack', 10);
        alter table user_wallet_balances add column hint_packs int;
        insert into user_wallet_balances (user_id, hint_packs, updated_at) values
            ('anna', 20, now() - interval '1 day'),
            ('ben', 9, now() - interval '1 day'),
            ('carla', 10, now() - interval '1 day');
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select user_id || number, user_id, 'hints', now() - interval '1 day'
        from (values ('anna', 1), ('anna', 2), ('ben', 3), ('dora', 4)) as claims (user_id, number);
        """
    )
    models = ("stg_claim_*", "wallets", "--indirect-selection", "cautious")
    outcome = dbt.build("--select", *models, vars={"wallet_items": items})
    assert outcome.named("skipped", "error") == set(), outcome.explain()
    assert outcome.named("fail") == {"assert_settled_wallets_match_claims"}
    assert discrepancies(database) == [
        ("ben", "hint_pack", "short", -1),
        ("carla", "hint_pack", "excess", 10),
        ("dora", "hint_pack", "missing_wallet", None),
    ]
    health = database.rows(
        "select short, excess, missing_wallets, wallets"
        f" from {MODELS_SCHEMA}.rpt_wallet_balance_health where item = 'hint_pack'"
    )
    assert health == [(1, 1, 1, 3)]


def test_doctor_finds_nothing_where_the_strangers_build_is_green(
    shop: DbtProject, shop_database: Database
) -> None:
    """Names, a column that is not there, times of Berlin: what the models know, doctor knows."""
    command = ["doctor", "--json", *on(shop_database, shop.project_dir)]
    told = {fault["advice"] for fault in faults(claimctl(*command))}
    outcome = shop.build("--exclude-resource-type", "test")
    assert outcome.success, outcome.explain()
    coverage = f"select ddl from {MODELS_SCHEMA}.rpt_index_coverage where ddl is not null"
    assert told == {ddl for (ddl,) in shop_database.rows(coverage)}
    for (ddl,) in shop_database.rows(coverage):
        shop_database.execute(ddl)
    answer = claimctl(*command)
    assert (answer.exit_code, faults(answer)) == (0, [])
    # None of the indexes that doctor asked for is one that the models call needless.
    assert (
        shop_database.rows(
            f"select status, index_name from {MODELS_SCHEMA}.rpt_index_coverage"
            " where status <> 'present'"
        )
        == []
    )
    optional = [
        finding["finding"]
        for finding in claimctl(*command).document["findings"]
        if finding["finding"].startswith("Optional: ")
    ]
    assert optional == [
        "Optional: accepted_discrepancies is not there, audit_purchases.units is not there,"
        " function_metrics.error_code is not there, purchase_claims.units is not there,"
        " queued_purchases is not there, user_wallet_balances.time_zone is not there,"
        " users is not there,"
        " wallet_adjustments is not there."
    ]
