"""A failing assertion never hides the picture, and no moment of a build is without one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject, Outcome
from support.halves import part_of_today
from support.promises import unbroken_promises
from support.readers import never_empty

OF_WALLETS = (
    "fct_claim_totals",
    "fct_expected_wallet_balances",
    "fct_wallet_discrepancies",
    "fct_discrepancy_causes",
    "rpt_wallet_balance_health",
    "rpt_wallet_build",
)
PUBLIC = (
    *OF_WALLETS,
    "fct_purchase_discrepancies",
    "rpt_revenue_at_stake",
    "rpt_purchases_not_judged",
    "fct_cap_usage",
    "fct_cap_violations",
    "fct_cap_boundary_claims",
    "fct_claim_bursts",
)
HISTORY_AND_SERVICE = (
    "fct_wallet_balance_history",
    "rpt_alerts",
    "rpt_claim_service_health",
    "rpt_error_budget",
    "rpt_slo_windows",
    "v_claim_conflicts_rolling",
)
WARNINGS = {
    "warn_booster_hours_are_taken_back",
    "warn_claims_in_the_future",
    "warn_claims_of_unknown_skus",
    "warn_metrics_in_the_future",
    "warn_new_purchase_statuses",
    "warn_purchases_of_skus_like_ours",
    "warn_refunded_claims",
    "warn_statements_are_not_recorded",
    "warn_unclear_purchases",
}
# An empty table of accounts is a fault, and says of nobody that he is gone.
ADJUSTMENTS = {"has_wallet_adjustments": True, "has_users": True}

# Every fault that an assertion or a warning knows: each in a few users, and a service that has been
# down for more than an hour.
FAULTS = f"""
create schema {MODELS_SCHEMA};
create table {MODELS_SCHEMA}.sku_catalog (
    sku text, item text, quantity int, duration_hours int, weekly_cap int, monthly_cap int,
    unit_price numeric(10, 2), valid_from timestamptz, valid_to timestamptz
);
create function public.since_a_month() returns trigger language plpgsql as $$
begin
    new.valid_from := now() - interval '30 days';
    return new;
end
$$;
create trigger sold_since_a_month before insert on {MODELS_SCHEMA}.sku_catalog
for each row when (new.sku = 'consumable_xp_booster_7d') execute function public.since_a_month();
create table users (user_id text primary key);
alter table purchase_claims add column units int;
insert into purchase_claims (tx_id, user_id, sku, claimed_at, units) values
    ('claim-6', 'no_units', 'consumable_streakshield_1', now() - interval '1 day', 0),
    ('claim-7', 'too_early', 'consumable_xp_booster_7d', now() - interval '40 days', 1);
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('claim-1', 'short', 'consumable_streakshield_1', now() - interval '1 day'),
    ('claim-2', 'without_wallet', 'consumable_xp_booster_7d', now() - interval '1 day'),
    ('claim-3', 'unknown_sku', 'consumable_of_last_year', now() - interval '1 day'),
    ('claim-4', 'from_the_future', 'consumable_streakshield_1', now() + interval '1 day'),
    ('claim-5', null, 'consumable_streakshield_1', now() - interval '1 day');
insert into user_wallet_balances (user_id, streakshield_count, updated_at) values
    ('short', 0, now() - interval '1 day'),
    ('excess', 3, now() - interval '1 day');
insert into user_wallet_balances (user_id, streakshield_count, updated_at)
select 'overwritten_' || number, 2, now() - interval '1 minute'
from generate_series(1, 12) as number;
insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at) values
    ('1', 'spent_too_much', 'streakshield', -5, now() - interval '1 day'),
    ('2', 'misspelt', 'Streakshield', -1, now() - interval '1 day'),
    ('3', 'booster_taken_back', 'xp_booster', -24, now() - interval '1 day'),
    ('4', 'timeless', 'streakshield', 0, '1999-12-31');
-- Two claims beyond the cap, a refunded one, and one that is of December in New York.
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('capped-1', 'capped', 'consumable_streakshield_1', now() - interval '1 day'),
    ('capped-2', 'capped', 'consumable_streakshield_1', now() - interval '1 day'),
    ('refunded', 'refunded', 'consumable_streakshield_1', now() - interval '1 day'),
    ('long-ago', 'long_ago', 'consumable_streakshield_1', '2024-01-01 03:00+00');
insert into user_wallet_balances (user_id, streakshield_count, updated_at) values
    ('capped', 2, now() - interval '1 day'),
    ('refunded', 1, now() - interval '1 day'),
    ('long_ago', 1, now() - interval '1 day');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at from purchase_claims
where tx_id in ('capped-1', 'capped-2', 'refunded', 'long-ago');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values
    ('refunded', 'refunded', 'consumable_streakshield_1', 'REFUND', now() - interval '1 hour'),
    ('claim-3', 'somebody_else', 'consumable_of_last_year', 'INITIAL_PURCHASE', '2024-01-01'),
    ('unclaimed', 'who_paid', 'consumable_streakshield_1', 'INITIAL_PURCHASE', '2024-01-01'),
    ('unclear', 'who_paid', 'consumable_streakshield_1', 'INITIAL_PURCHASE', '2024-01-01'),
    ('unclear', 'who_else', 'consumable_streakshield_1', 'INITIAL_PURCHASE', '2024-01-01'),
    ('new_status', 'who_paid', 'consumable_streakshield_1', 'PAID_BY_GIFT_CARD', '2024-01-01'),
    ('like_ours', 'who_paid', 'consumable_streakshield_3', 'INITIAL_PURCHASE', '2024-01-01'),
    ('renewal', 'who_paid', 'premium_monthly', 'RENEWAL', '2024-01-01'),
    ('refund', 'who_paid', 'consumable_streakshield_1', 'REFUND', '2024-01-01'),
    ('too_early', 'who_paid', 'consumable_xp_booster_7d', 'INITIAL_PURCHASE', '2024-01-01');
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select now() - number * interval '5 seconds', 'claim', 500, 900
from generate_series(1, 900) as number
union all
select now() + interval '1 day', 'claim', 500, 900;
create table accepted_discrepancies (
    user_id text, item text, reason text, accepted_by text, accepted_until timestamptz
);
insert into accepted_discrepancies
values ('excess', 'streakshield', 'a tester', 'mira', now() - interval '1 hour');
"""


def plant_faults(database: Database) -> None:
    database.execute("alter table purchase_claims alter column user_id drop not null")
    database.execute(FAULTS)


def assert_no_table_is_left_over(database: Database) -> None:
    tables = database.rows(
        "select tablename::text from pg_tables where tablename like 'int_wallet_balances%'"
    )
    kept = ("base", "claims", "live", "state", "totals")
    assert sorted(tables) == [(f"int_wallet_balances__{part}",) for part in kept]


def assert_only_production_is_blamed(outcome: Outcome, *more: str) -> None:
    """Every assertion fails, every warning warns, and all else is built and right."""
    assertions = {name for name in outcome.nodes if name.startswith("assert_")}
    assert outcome.named("fail") == {*assertions, *more} != set(), outcome.explain()
    assert outcome.named("warn") == WARNINGS
    assert outcome.named("skipped", "error") == set(), outcome.explain()
    assert {outcome.status(model) for model in PUBLIC} == {"success"}


def unit_tests_of_today(dbt: DbtProject) -> tuple[list[str], list[str]]:
    """Return the names of a third of the unit tests, and those of the others."""
    names = [unique_id.rpartition(".")[2] for unique_id in dbt.parse().unit_tests]
    today = part_of_today(names, 3)
    return today, sorted({*names} - {*today})


def test_everything_passes_on_empty_tables(database: Database, dbt: DbtProject) -> None:
    today, others = unit_tests_of_today(dbt)
    outcome = dbt.build("--exclude", *others, unit_tests=True)
    assert outcome.success, outcome.explain()
    assert {*today} <= outcome.named("pass")
    assert database.value(f"select count(*) from {MODELS_SCHEMA}.rpt_wallet_balance_health") == 2
    promises, unseen = unbroken_promises(database, outcome)
    assert "\n".join(unseen) == ""
    assert promises > 250


@pytest.mark.slow
def test_the_other_unit_tests_pass(database: Database, dbt: DbtProject) -> None:
    assert dbt.build("--exclude-resource-type", "test").success
    _, others = unit_tests_of_today(dbt)
    outcome = dbt.run("test", "--select", *others)
    assert {*others} == outcome.named("pass"), outcome.explain()


def assert_tables_keep_their_contracts(database: Database, outcome: Outcome) -> None:
    """A parallel_table is made of a query, which knows neither precision nor not null."""
    models = {
        name: result.node
        for name, result in outcome.nodes.items()
        if result.node.resource_type == "model"
        and result.node.config.materialized == "parallel_table"
    }
    assert len(models) == 10
    for name, model in models.items():
        promised = {
            (column.name, column.data_type, any(column.constraints))
            for column in model.columns.values()
        }
        assert columns_of(database, name) == promised, name


def columns_of(database: Database, table: str) -> set[tuple[Any, ...]]:
    """Return each column's name, type and whether it is never null."""
    return set(
        database.rows(
            "select attname, replace(format_type(atttypid, atttypmod), 'timestamp with time zone',"
            " 'timestamptz'), attnotnull from pg_attribute"
            f" where attrelid = '{MODELS_SCHEMA}.{table}'::regclass and attnum > 0"
        )
    )


def lose_minutes(database: Database) -> None:
    """Let an hour of yesterday have been counted without its minutes."""
    counted = f"{MODELS_SCHEMA}.int_request_periods"
    database.execute(
        f"""
        create temporary table lost as select * from {counted} where period = 'hour' limit 1;
        update lost set started_at = started_at - interval '1 day';
        insert into {counted} select * from lost;
        """
    )


@pytest.mark.slow
def test_failing_assertions_skip_nothing(database: Database, dbt: DbtProject) -> None:
    plant_faults(database)
    outcome = dbt.build(vars=ADJUSTMENTS)
    assert_only_production_is_blamed(outcome)
    assert_tables_keep_their_contracts(database, outcome)

    lose_minutes(database)
    with never_empty(database, PUBLIC + HISTORY_AND_SERVICE):
        assert_only_production_is_blamed(dbt.build(vars=ADJUSTMENTS), "requests_add_up")
    assert_no_table_is_left_over(database)

    found = database.rows(
        "select user_id, item, discrepancy_type, is_settled"
        f" from {MODELS_SCHEMA}.fct_wallet_discrepancies where user_id not like 'overwritten%'"
        " order by user_id"
    )
    assert found == [
        ("excess", "streakshield", "excess", True),
        ("from_the_future", "streakshield", "missing_wallet", False),
        ("short", "streakshield", "short", True),
        ("spent_too_much", "streakshield", "missing_wallet", True),
        ("without_wallet", "xp_booster", "missing_wallet", True),
    ]
    found = database.rows(
        "select tx_id, discrepancy_type, reason, is_settled"
        f" from {MODELS_SCHEMA}.fct_purchase_discrepancies order by tx_id"
    )
    assert found == [
        ("claim-1", "unverified_claim", "no_purchase", True),
        ("claim-2", "unverified_claim", "no_purchase", True),
        ("claim-3", "mismatched_claim", "other_user", True),
        ("claim-4", "unverified_claim", "no_purchase", False),
        ("claim-5", "unverified_claim", "no_purchase", True),
        ("claim-6", "unverified_claim", "no_purchase", True),
        ("claim-7", "unverified_claim", "no_purchase", True),
        ("refunded", "refunded_claim", "refunded", True),
        ("unclaimed", "missing_claim", None, True),
        ("unclear", "missing_claim", "conflicting_users", True),
    ]
    found = database.rows(
        "select status, sku, why, purchases, users"
        f" from {MODELS_SCHEMA}.rpt_purchases_not_judged order by status, sku"
    )
    assert found == [
        ("INITIAL_PURCHASE", "consumable_streakshield_3", "unknown_sku", 1, 1),
        ("INITIAL_PURCHASE", "consumable_xp_booster_7d", "outside_catalogue_dates", 1, 1),
        ("PAID_BY_GIFT_CARD", "consumable_streakshield_1", "no_payment", 1, 1),
        ("REFUND", "consumable_streakshield_1", "refunded", 1, 1),
        ("RENEWAL", "premium_monthly", "unknown_sku", 1, 1),
    ]
    for test in ("warn_new_purchase_statuses", "warn_purchases_of_skus_like_ours"):
        assert outcome.failures(test) == 1
    assert outcome.failures("assert_adjustments_name_known_items") == 1
    found = database.rows(
        f"select tx_id, window_type, is_excused from {MODELS_SCHEMA}.fct_cap_violations"
    )
    assert found == [("capped-2", "week", False)]


@pytest.mark.slow
def test_a_wrong_table_of_balances_leaves_the_last_good_picture(
    database: Database, dbt: DbtProject
) -> None:
    """Where the models themselves are wrong, what people read stays as it was."""
    plant_faults(database)
    places = ("stg_claim_service__*", "stg_claim_ops__*", "sku_catalog", "wallets")
    wallets = ("--select", *places, "--indirect-selection", "cautious")
    assert dbt.build(*wallets, vars=ADJUSTMENTS).named("skipped", "error") == set()
    before = {name: database.rows(f"select * from {MODELS_SCHEMA}.{name}") for name in OF_WALLETS}

    # A key that is corrupt: it says that no user has two wallets, and each has.
    database.execute(
        """
        alter table user_wallet_balances drop constraint user_wallet_balances_pkey;
        insert into user_wallet_balances select * from user_wallet_balances;
        create index corrupt on user_wallet_balances (user_id);
        update pg_index set indisunique = true where indexrelid = 'corrupt'::regclass;
        """
    )
    with never_empty(database, OF_WALLETS):
        outcome = dbt.build(*wallets, vars=ADJUSTMENTS)
    assert outcome.status("int_wallet_balances") == "error"
    assert "unique" in outcome.message("int_wallet_balances")
    assert {outcome.status(model) for model in OF_WALLETS} == {"skipped"}
    for name, rows in before.items():
        assert database.rows(f"select * from {MODELS_SCHEMA}.{name}") == rows, name

    database.execute("delete from user_wallet_balances")
    with never_empty(database, OF_WALLETS):
        assert dbt.build(*wallets, vars=ADJUSTMENTS).named("skipped", "error") == set()
    assert_no_table_is_left_over(database)


@pytest.mark.slow
def test_no_red_test_keeps_alerts_from_being_judged(
    database: Database, dbt: DbtProject, tmp_path: Path
) -> None:
    """Every data test is red at once, but for those of a model's columns and of the catalogue."""
    plant_faults(database)
    dbt.build("--exclude-resource-type", "test", vars=ADJUSTMENTS)
    red = DbtProject(dbt.scratch, project_of_red_tests(tmp_path / "project"))
    of_ourselves = ("test_name:well_formed", "sku_catalog_is_valid")
    outcome = red.build("--exclude", *of_ourselves, vars=ADJUSTMENTS)
    tests = {
        name for name, node in outcome.nodes.items() if node.node.resource_type.value == "test"
    }
    assert outcome.named("fail", "warn") == tests
    assert tests >= {"requests_add_up", "no_minute_is_lost", "no_user_is_lost"}
    assert outcome.status("rpt_alerts") == "success", outcome.explain()

    # Where dbt would not even make the view anew, it is there and judges as before.
    outcome = red.build(vars=ADJUSTMENTS)
    assert outcome.status("rpt_alerts") == "skipped"
    judged = database.rows(f"select alert, state from {MODELS_SCHEMA}.rpt_alerts")
    assert {("error_rate", "firing"), ("wallets_match_claims", "firing")} <= set(judged)


def project_of_red_tests(folder: Path) -> Path:
    """Copy the project, and let each data test be red whatever it finds."""
    folder.mkdir()
    for part in ("macros", "models", "seeds", "analyses"):
        (folder / part).symlink_to(ROOT / part)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("python"))
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    project["data_tests"] = {"+error_if": ">= 0", "+warn_if": ">= 0"}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    return folder


@pytest.mark.parametrize(
    ("grant", "blamed"),
    [("", "stg_claim_ops__plan_claims"), ("usage", "fct_cap_violations")],
)
def test_plans_that_may_not_be_read_are_an_error(
    database: Database, dbt: DbtProject, monkeypatch: pytest.MonkeyPatch, grant: str, blamed: str
) -> None:
    """Without them every override would be called a violation."""
    database.execute(
        """
        create role hindered_reader login;
        grant create on database claims to hindered_reader;
        grant select on all tables in schema public to hindered_reader;
        create schema claim_ops;
        create view claim_ops.plan_claims as
            select 'tx'::text as tx_id, 1::bigint as plan_id, 'cap_override'::text as kind;
        """
    )
    if grant:
        database.execute(f"grant {grant} on schema claim_ops to hindered_reader")
    monkeypatch.setenv("PGUSER", "hindered_reader")
    try:
        outcome = dbt.run("build", "--select", "sku_catalog", "+fct_cap_violations")
        assert outcome.status(blamed) == "error", outcome.explain()
        assert "permission denied" in outcome.message(blamed)
    finally:
        database.execute("drop owned by hindered_reader; drop role hindered_reader")


def test_a_hidden_row_is_an_error(
    database: Database, dbt: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who is kept from rows by a policy learns so, and sees no user without claims."""
    database.execute(
        """
        create role hindered_reader login;
        grant create on database claims to hindered_reader;
        grant select on all tables in schema public to hindered_reader;
        """
    )
    monkeypatch.setenv("PGUSER", "hindered_reader")
    try:
        balances = ("--select", "+int_wallet_balances", "--indirect-selection", "cautious")
        outcome = dbt.build(*balances)
        assert outcome.success, outcome.explain()

        database.execute("alter table purchase_claims enable row level security")
        outcome = dbt.build(*balances)
        assert outcome.status("int_wallet_balances") == "error"
        assert "row-level security" in outcome.message("int_wallet_balances")
    finally:
        database.execute("drop owned by hindered_reader; drop role hindered_reader")
