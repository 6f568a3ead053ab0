"""`claimctl doctor`: each fault of a database gets one sentence, and its advice mends it."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support.claimctl import claimctl, consumer_project, faults, on
from support.databases import MODELS_SCHEMA, Database, Templates
from support.dbt_project import DbtProject

MOVED_TABLES = """
create schema billing;
alter table purchase_claims set schema billing;
alter table billing.purchase_claims rename to "Claims";
alter table billing."Claims" rename column tx_id to "transaction";
alter table user_wallet_balances rename column streakshield_count to shields;
"""
MOVED_VARS = {
    "claim_service_tables": {"purchase_claims": "billing.Claims"},
    "claim_service_columns": {"purchase_claims": {"tx_id": "transaction"}},
    "wallet_items": {
        "streakshield": {"column": "shields", "kind": "quantity"},
        "xp_booster": {"column": "xp_booster_until", "kind": "expiry"},
    },
}
READER = """
drop role if exists reader;
create role reader login;
grant create on database claims to reader;
"""
READER_OF_ALL = READER + "grant select on all tables in schema public to reader;"
# A row is known to be visible once its commit is on disk.
BULK = """
alter database claims set synchronous_commit = on;
alter table purchase_claims set (autovacuum_enabled = off);
insert into purchase_claims (tx_id, user_id, sku)
select 'tx-' || number, md5(number::text), 'consumable_streakshield_1'
from generate_series(1, 150000) as number;
"""


@dataclass(frozen=True)
class Fault:
    """What is done to the database or the vars, and what doctor must say."""

    finding: str
    advice: str
    statements: str = ""
    vars: dict[str, Any] = field(default_factory=dict)
    state: str = "error"
    user: str = "postgres"
    # The advice holds SQL, which must mend the fault.
    has_remedy: bool = False


FAULTS = {
    "a missing table": Fault(
        "public.purchase_claims does not exist.",
        "Set the vars claim_service_schema or claim_service_tables",
        "drop table purchase_claims",
    ),
    "a table elsewhere": Fault(
        "public.store_config does not exist.",
        "A table of that name is in the schema billing: set the var claim_service_schema.",
        "create schema billing; alter table store_config set schema billing",
    ),
    "a view instead of a table": Fault(
        "public.purchase_claims is a view: one that filters reads as missing claims",
        "claim_service_tables: {purchase_claims: schema.table}",
        "alter table purchase_claims rename to claims;"
        "create view purchase_claims as select * from claims",
    ),
    "a materialized view": Fault(
        "public.purchase_claims is a materialized view:",
        "claim_service_tables: {purchase_claims: schema.table}",
        "alter table purchase_claims rename to claims;"
        "create materialized view purchase_claims as select * from claims",
    ),
    "a missing column": Fault(
        "public.purchase_claims has no column sku.",
        "claim_service_columns: {purchase_claims: {sku: its name}}. The table has tx_id, user_id,",
        "alter table purchase_claims rename column sku to product",
    ),
    "a missing column of an item": Fault(
        "public.user_wallet_balances has no column streakshield_count.",
        "Name the column of streakshield in the var wallet_items. The table has user_id,",
        "alter table user_wallet_balances drop column streakshield_count",
    ),
    "a missing mapped column": Fault(
        'public.purchase_claims has no column "Transaction".',
        "claim_service_columns: {purchase_claims: {tx_id: its name}}",
        vars={"claim_service_columns": {"purchase_claims": {"tx_id": "Transaction"}}},
    ),
    "a time without a zone": Fault(
        "public.purchase_claims.claimed_at is timestamp without time zone, but must be"
        " timestamp with time zone: without a zone its moment is unknown.",
        "Name the zone that it is written in: claim_service_time_zones: {purchase_claims: UTC}."
        " Or: alter table public.purchase_claims alter column claimed_at",
        "alter table purchase_claims alter column claimed_at type timestamp",
        has_remedy=True,
    ),
    "a date for a time": Fault(
        "public.user_wallet_balances.xp_booster_until is date, but must be timestamp with",
        "using xp_booster_until::timestamp with time zone;",
        "alter table user_wallet_balances alter column xp_booster_until type date",
        has_remedy=True,
    ),
    "a quantity that is no whole number": Fault(
        "public.user_wallet_balances.streakshield_count is numeric(10,2), but must be integer.",
        "alter table public.user_wallet_balances alter column streakshield_count type integer",
        "alter table user_wallet_balances alter column streakshield_count type numeric(10, 2)",
        has_remedy=True,
    ),
    "booleans for jsonb": Fault(
        "public.store_config.value is boolean[], but must be jsonb.",
        "alter table public.store_config alter column value type jsonb using value::jsonb;",
        "delete from store_config;"
        "alter table store_config alter column value type boolean[] using null",
    ),
    "a zone that is none": Fault(
        "The var claim_service_time_zones: audit_purchases is UTC+2, which is no name of a zone.",
        "Use a name of pg_timezone_names, such as Europe/Berlin",
        vars={"claim_service_time_zones": {"audit_purchases": "UTC+2"}},
    ),
    "a service that may not write its log": Fault(
        "The claim service's login shop_login may not write public.function_metrics: its log"
        " is not written.",
        "As its owner: grant insert on public.function_metrics to shop_login;",
        "drop role if exists shop_login; create role shop_login login;"
        "grant select on function_metrics to shop_login",
        vars={"claim_service_login": "shop_login"},
        has_remedy=True,
    ),
    "a service's login that there is not": Fault(
        "The var claim_service_login names nobody_at_all, and there is no such role.",
        "Set it to the role that the claim service connects as.",
        vars={"claim_service_login": "nobody_at_all"},
    ),
    "ids of two types": Fault(
        "public.user_wallet_balances.user_id is bigint, but must be text, as the var"
        " user_id_data_type says.",
        "alter table public.user_wallet_balances alter column user_id type text",
        "alter table user_wallet_balances alter column user_id type bigint using user_id::bigint",
        has_remedy=True,
    ),
    "an unknown type of ids": Fault(
        "user_id_data_type is texd, which is no type of this database.",
        "such as text or uuid",
        vars={"user_id_data_type": "texd"},
    ),
    "claims that may double": Fault(
        "public.purchase_claims has no unique index on (tx_id): a retried claim may count twice.",
        "create unique index concurrently purchase_claims_tx_id_key on public.purchase_claims",
        "alter table purchase_claims drop constraint purchase_claims_pkey",
        has_remedy=True,
    ),
    "claims in partitions": Fault(
        "public.purchase_claims has no unique index on (tx_id): a retried claim may count twice.",
        "partition it by hash (tx_id), or leave missing claims to the service",
        "alter table purchase_claims rename to old_claims;"
        "create table purchase_claims (like old_claims including defaults)"
        " partition by range (claimed_at);"
        "create index on purchase_claims (user_id, sku, claimed_at)",
    ),
    "a claim's column that nothing fills": Fault(
        "public.purchase_claims.region must not be null and nothing fills it: claim plans are",
        "alter table public.purchase_claims alter column region set default ...;",
        "alter table purchase_claims add region text not null",
    ),
    "a wallet's column that nothing fills": Fault(
        'public.user_wallet_balances."Level" must not be null and nothing fills it: a wallet that',
        'alter table public.user_wallet_balances alter column "Level" set default ...;',
        'alter table user_wallet_balances add "Level" integer not null',
        state="warning",
    ),
    "a wallet's column that is computed": Fault(
        "public.user_wallet_balances.streakshield_count is computed by the database: wallet plans",
        "Map the column that the service itself writes, with claim_service_columns or",
        "alter table user_wallet_balances rename streakshield_count to shields;"
        "alter table user_wallet_balances add streakshield_count integer"
        " generated always as (shields) stored",
    ),
    "a trigger that names its table without a schema": Fault(
        "public.purchase_claims has the trigger claims_are_logged, whose function"
        " public.log_claim() names objects without their schema: a repair would fail there",
        "alter function public.log_claim() set search_path = public, pg_temp;",
        "create table claim_log (tx_id text);"
        "create function log_claim() returns trigger language plpgsql as"
        # The statements are cut at each semicolon.
        r" E'begin insert into claim_log values (new.tx_id)\x3b return new\x3b end';"
        "create trigger claims_are_logged after insert on purchase_claims"
        " for each row execute function log_claim()",
        state="warning",
        has_remedy=True,
    ),
    "wallets unique in part": Fault(
        "public.user_wallet_balances has no unique index on (user_id): a user may get two wallets.",
        "create unique index concurrently user_wallet_balances_user_id_key_2 on",
        "alter table user_wallet_balances drop constraint user_wallet_balances_pkey;"
        "create unique index user_wallet_balances_user_id_key on user_wallet_balances (user_id)"
        " where streakshield_count > 0;"
        "create unique index on user_wallet_balances (user_id, updated_at)",
        has_remedy=True,
    ),
    "an excess without an index": Fault(
        "public.audit_purchases has no index on (user_id): a repair that takes an excess reads",
        "create index concurrently audit_purchases_user_id_idx on public.audit_purchases (user_id)",
        "drop index audit_purchases_user_id_idx",
        state="warning",
        has_remedy=True,
    ),
    "a recovery without an index": Fault(
        "public.audit_purchases has no index on (tx_id): a recovery reads the whole table",
        "create index concurrently audit_purchases_tx_id_idx on public.audit_purchases (tx_id)",
        "drop index audit_purchases_tx_id_idx",
        state="warning",
        has_remedy=True,
    ),
    "caps without an index": Fault(
        "public.purchase_claims has no index on (user_id, sku, claimed_at): each cap check reads",
        "create index concurrently purchase_claims_user_id_sku_claimed_at_idx",
        "drop index purchase_claims_user_id_sku_claimed_at_idx;"
        "create index on purchase_claims (user_id, claimed_at, sku)",
        state="warning",
        has_remedy=True,
    ),
    "an invalid index": Fault(
        "public.purchase_claims has no index on (user_id, sku, claimed_at)",
        "drop index concurrently public.purchase_claims_user_id_sku_claimed_at_idx; create index",
        "update pg_index set indisvalid = false where indexrelid ="
        " 'purchase_claims_user_id_sku_claimed_at_idx'::regclass",
        state="warning",
        has_remedy=True,
    ),
    "a table that the login may not read": Fault(
        "The login reader may not read public.purchase_claims.",
        "As its owner: grant select on public.purchase_claims to reader;",
        READER_OF_ALL + "revoke select on purchase_claims from reader",
        user="reader",
        has_remedy=True,
    ),
    "a schema that the login may not use": Fault(
        "The login reader may not use the schema public.",
        "As its owner: grant usage on schema public to reader;",
        READER_OF_ALL + "revoke usage on schema public from public",
        user="reader",
        has_remedy=True,
    ),
    "hidden rows": Fault(
        "Row-level security may hide rows of public.purchase_claims from the login reader",
        "As a superuser: alter role reader bypassrls;",
        READER_OF_ALL + "alter table purchase_claims enable row level security;"
        "create policy everything on purchase_claims using (true)",
        user="reader",
        has_remedy=True,
    ),
    "hidden rows of the owner": Fault(
        "Row-level security may hide rows of public.purchase_claims from the login reader",
        "As a superuser: alter role reader bypassrls;",
        READER_OF_ALL + "alter table purchase_claims owner to reader;"
        "alter table purchase_claims enable row level security;"
        "alter table purchase_claims force row level security",
        user="reader",
        has_remedy=True,
    ),
    "an optional table that is not there": Fault(
        "public.wallet_adjustments does not exist.",
        "Without such a table leave has_wallet_adjustments unset, or set it to false.",
        "drop table wallet_adjustments",
        {"has_wallet_adjustments": True},
    ),
    "an unknown table": Fault(
        "claim_service_tables names purchases, which is no table of the claim service.",
        "Use one of accepted_discrepancies, audit_purchases, function_metrics,",
        vars={"claim_service_tables": {"purchases": "claims"}},
    ),
    "columns of an unknown table": Fault(
        "claim_service_columns names purchases, which is no table of the claim service.",
        "Use one of accepted_discrepancies, audit_purchases, function_metrics,",
        vars={"claim_service_columns": {"purchases": {"sku": "product"}}},
    ),
    "rows that may not count": Fault(
        "public.purchase_claims has deleted_at, and every row of it counts:",
        'claim_service_filters: {purchase_claims: "deleted_at is null"}; "true" where all do.',
        "alter table purchase_claims add column deleted_at timestamptz",
        state="warning",
    ),
    "an unknown column": Fault(
        "claim_service_columns: purchase_claims names product, which is no column of it.",
        "Use one of tx_id, user_id, sku, claimed_at, units; an item's column is named in"
        " wallet_items.",
        vars={"claim_service_columns": {"purchase_claims": {"product": "sku"}}},
    ),
    "columns that are no mapping": Fault(
        'claim_service_columns: purchase_claims must map columns to names, not "sku".',
        "Write {purchase_claims: {column: its name}}.",
        vars={"claim_service_columns": {"purchase_claims": "sku"}},
    ),
    "an item without a kind": Fault(
        "wallet_items: hint_pack needs a column, and a kind that is quantity or expiry.",
        "Write {hint_pack: {column: the wallet's column, kind: quantity}}.",
        vars={"wallet_items": {"hint_pack": {"column": "streakshield_count"}}},
    ),
    "an unknown policy": Fault(
        "booster_stacking_policy is sum.",
        "Set it to max or extend.",
        vars={"booster_stacking_policy": "sum"},
    ),
    "an unknown var": Fault(
        "The var settle_minute is none of the package's, so that nothing reads it.",
        "Correct its name",
        vars={"claim_reconciliation": {"settle_minute": 200}},
        state="warning",
    ),
    "a short settling time": Fault(
        "settle_minutes is 154, but the store retries for 155 minutes",
        "Set settle_minutes to 155 or more",
        vars={"settle_minutes": 154},
        state="warning",
    ),
    "a table never vacuumed": Fault(
        "public.purchase_claims was never analyzed: queries are planned blindly.",
        "vacuum (analyze) public.purchase_claims;",
        BULK,
        state="warning",
        has_remedy=True,
    ),
    "dead rows": Fault(
        "40 % of the rows of public.purchase_claims are dead.",
        "vacuum (analyze) public.purchase_claims;",
        BULK + "delete from purchase_claims where right(tx_id, 1) < '4';"
        "analyze purchase_claims; select pg_stat_force_next_flush()",
        state="warning",
        has_remedy=True,
    ),
    "pages not known to be visible": Fault(
        "Only 0 % of the pages of public.purchase_claims are known to be all visible",
        "vacuum (analyze) public.purchase_claims;",
        BULK + "analyze purchase_claims",
        state="warning",
        has_remedy=True,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_gets_one_sentence_and_a_remedy(
    name: str, database: Database, tmp_path: Path
) -> None:
    fault = FAULTS[name]
    for statement in filter(None, fault.statements.split(";")):
        database.execute(statement)
    command = [
        "doctor",
        "--json",
        *on(database, consumer_project(tmp_path, fault.vars), fault.user),
    ]

    answer = claimctl(*command)
    assert answer.exit_code == 1
    (found,) = faults(answer)
    assert found["state"] == fault.state
    assert found["finding"].startswith(fault.finding)
    assert fault.advice in found["advice"]

    if fault.has_remedy:
        for remedy in re.findall(r"(?:alter|create|drop|grant|vacuum) [^;]+;", found["advice"]):
            database.execute(remedy)
        assert faults(claimctl(*command)) == []


def test_ids_of_another_type_than_the_var_says(templates: Templates, tmp_path: Path) -> None:
    database = templates.fresh_database("uuid")
    (found,) = faults(claimctl("doctor", "--json", *on(database)))
    assert found["finding"] == (
        "The var user_id_data_type is text, but user ids are uuid in public.audit_purchases, "
        "public.purchase_claims, public.queued_purchases, public.user_wallet_balances, "
        "public.wallet_adjustments."
    )
    assert found["advice"].startswith("Set user_id_data_type: uuid")
    project = consumer_project(tmp_path, {"user_id_data_type": "uuid"})
    assert faults(claimctl("doctor", "--json", *on(database, project))) == []


def test_strings_of_any_length_are_text(database: Database) -> None:
    database.execute("alter table purchase_claims alter column user_id type varchar(40)")
    assert faults(claimctl("doctor", "--json", *on(database))) == []


def test_mapped_names_are_followed(database: Database, tmp_path: Path) -> None:
    database.execute(MOVED_TABLES)
    assert len(faults(claimctl("doctor", "--json", *on(database)))) == 2
    project = consumer_project(tmp_path, MOVED_VARS)
    assert faults(claimctl("doctor", "--json", *on(database, project))) == []


def test_an_optional_table_is_not_missed(database: Database) -> None:
    database.execute("drop table wallet_adjustments, queued_purchases")
    assert faults(claimctl("doctor", "--json", *on(database))) == []


def test_a_trigger_on_wallets_is_told_and_is_no_fault(database: Database) -> None:
    database.execute(
        "create trigger keep_updated_at before update on user_wallet_balances"
        " for each row execute function suppress_redundant_updates_trigger()"
    )
    answer = claimctl("doctor", "--json", *on(database))
    (told,) = [each for each in answer.document["findings"] if each["check"] == "triggers"]
    assert told["state"] == "info"
    assert told["finding"] == "public.user_wallet_balances has the trigger keep_updated_at."
    assert "CREATE TRIGGER keep_updated_at BEFORE UPDATE" in told["advice"]
    assert faults(answer) == []


def test_people_get_findings_with_arrows_and_a_count(database: Database) -> None:
    database.execute("drop table store_config")
    answer = claimctl("doctor", *on(database))
    assert answer.exit_code == 1
    assert re.search(r"^error +sources +public.store_config does not exist\.$", answer.stdout, re.M)
    assert re.search(r"^ +-> Set the vars claim_service_schema", answer.stdout, re.M)
    assert answer.stdout.endswith("\n1 error, 1 warning: do what the arrows say.\n")


def test_doctor_waits_for_no_lock(database: Database) -> None:
    with database.connect(autocommit=False) as connection:
        connection.execute("lock table purchase_claims, user_wallet_balances, audit_purchases")
        assert faults(claimctl("doctor", "--json", *on(database))) == []


def test_models(database: Database, dbt: DbtProject, tmp_path: Path) -> None:
    command = ["doctor", "--json", *on(database)]
    unbuilt = claimctl(*command).document["findings"][-1]
    assert unbuilt["finding"] == "No schema holds the wallet models."
    assert unbuilt["advice"].startswith("Run dbt build")
    assert claimctl(*command, "--models-schema", "nowhere").document["findings"][-1]["finding"] == (
        "The schema nowhere does not hold the wallet models."
    )

    outcome = dbt.build("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    assert outcome.success, outcome.explain()
    started = time.perf_counter()
    answer = claimctl(*command)
    assert time.perf_counter() - started < 1
    assert answer.exit_code == 0
    assert {key: answer.document[key] for key in ("errors", "warnings")} == {
        "errors": 0,
        "warnings": 0,
    }
    assert {tuple(finding) for finding in answer.document["findings"]} == {
        ("check", "state", "finding", "advice")
    }
    assert claimctl("doctor", *on(database)).stdout.endswith("\nNothing to do.\n")

    def told() -> list[str]:
        return [finding["finding"] for finding in faults(claimctl(*command))]

    build = f"{MODELS_SCHEMA}.rpt_wallet_build"
    database.execute(
        f"update {build} set built_at = '2024-03-01 12:00+01', too_old_at = '2024-03-02 12:00+01'"
    )
    assert told() == [
        "The models were built at 2024-03-01 11:00:00 UTC and are too old since"
        " 2024-03-02 11:00:00 UTC."
    ]
    database.execute(f"update {build} set as_of = '2024-03-01 12:00+00'")
    assert told() == ["The models look back: they were built as of 2024-03-01 12:00:00 UTC."]
    database.execute(f"update {build} set as_of = null, too_old_at = now() + interval '1 hour'")
    project = consumer_project(tmp_path, {"booster_tolerance_seconds": 61})
    (other,) = faults(claimctl("doctor", "--json", *on(database, project)))
    assert other["finding"] == (
        "The models were built with booster_tolerance_seconds = 60, the project says 61."
    )
    # Statuses that the vars do not name, and then one that they do.
    purchase = "insert into audit_purchases (tx_id, user_id, sku, status) values"
    database.execute(
        f"{purchase} ('1', 'anna', 'shield', 'BOUGHT'), ('2', 'anna', 'shield', 'SOLD')"
    )
    assert told() == [
        "No purchase has a status of recoverable_statuses"
        " (INITIAL_PURCHASE, NON_RENEWING_PURCHASE): none will ever be called paid."
        " The store reports BOUGHT of shield (1), SOLD of shield (1)."
    ]
    database.execute(f"{purchase} ('3', 'anna', 'shield', 'INITIAL_PURCHASE')")
    assert told() == []
    database.execute(f"drop table {MODELS_SCHEMA}.fct_wallet_discrepancies cascade")
    assert told() == [f"{MODELS_SCHEMA}.fct_wallet_discrepancies does not exist."]

    database.execute("create schema dbt_as_of")
    database.execute("create schema dbt_other")
    database.execute(f"create table dbt_as_of.rpt_wallet_build (like {build})")
    assert told() == [f"{MODELS_SCHEMA}.fct_wallet_discrepancies does not exist."]
    database.execute(f"create table dbt_other.rpt_wallet_build (like {build})")
    several = f"Several schemas hold the wallet models: {MODELS_SCHEMA}, dbt_other."
    assert told() == [several]
    command += ["--models-schema", MODELS_SCHEMA]
    assert told() == [f"{MODELS_SCHEMA}.fct_wallet_discrepancies does not exist."]


def test_models_that_the_login_may_not_read(database: Database) -> None:
    database.execute(READER_OF_ALL)
    database.execute("create schema dbt_x; create table dbt_x.rpt_wallet_build (built_at date)")
    found = [
        each["finding"]
        for each in faults(claimctl("doctor", "--json", *on(database, user="reader")))
    ]
    assert "The login reader may not use the schema dbt_x." in found
    assert "The login reader may not read dbt_x.rpt_wallet_build." in found


def test_the_rows_that_count_are_told(database: Database, tmp_path: Path) -> None:
    database.execute("alter table purchase_claims add column deleted_at timestamptz")
    filters = {"claim_service_filters": {"purchase_claims": "deleted_at is null"}}
    answer = claimctl("doctor", *on(database, consumer_project(tmp_path, filters)))
    assert "Of purchase_claims those rows count for which deleted_at is null." in " ".join(
        answer.stdout.split()
    )


def test_an_index_that_is_being_built_is_waited_for(database: Database) -> None:
    """It is invalid until it is done; to drop it would end the build that somebody waits for."""
    name = "purchase_claims_user_id_sku_claimed_at_idx"
    database.execute(f"drop index {name}")
    builder = f"create index concurrently {name} on purchase_claims (user_id, sku, claimed_at)"
    with database.connect(autocommit=False) as writer, ThreadPoolExecutor() as beside:
        writer.execute("insert into purchase_claims values ('tx', 'anna', 'any', now())")
        building = beside.submit(database.execute, builder)
        deadline = time.monotonic() + 20
        while not database.value("select count(*) from pg_stat_progress_create_index"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        examined = claimctl("doctor", "--json", *on(database))
        writer.rollback()
        building.result()
    found = [each for each in examined.document["findings"] if each["check"] == "indexes"]
    assert ("info", True) in [
        (each["state"], "yet: it is being built" in each["finding"]) for each in found
    ]
    assert "drop index" not in examined.stdout
    assert "being built" not in claimctl("doctor", "--json", *on(database)).stdout
