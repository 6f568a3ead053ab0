"""Sources that are only read, in another form: columns that are computed, and views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Server
from support.claimctl import claimctl, consumer_project, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.foreign import installed
from support.guard import RUNNER, SHIELD

# Events of shields that were used, a store's log in JSON, a queue of texts, requests by epoch.
OTHER_FORMS = f"""
drop table wallet_adjustments, queued_purchases, audit_purchases, function_metrics;
create table shield_events (
    id bigint generated always as identity primary key, "user" text, event text, amount int,
    at timestamptz
);
create table store_log (id bigserial, body jsonb, came_at timestamptz);
create view audit_purchases as
select
    body ->> 'tx' as tx_id, body ->> 'user' as user_id, body ->> 'product' as sku,
    upper(body ->> 'type') as status, came_at as purchased_at
from store_log;
create view queued_purchases as
select
    id as queue_id, body ->> 'tx' as tx_id, body ->> 'user' as user_id, body ->> 'product' as sku,
    came_at as received_at
from store_log where body ->> 'type' = 'queued';
create table requests (epoch double precision, name text, code int, seconds double precision);
create table agreed ("user" text, days int, day date, by text);

insert into purchase_claims
select 'tx-' || n, 'anna', '{SHIELD}', now() - interval '240 hours' from generate_series(1, 3) as n;
insert into user_wallet_balances (user_id, streakshield_count, updated_at) values
    ('anna', 1, now() - interval '239 hours'), ('ben', 0, now() - interval '241 hours');
insert into shield_events ("user", event, amount, at)
values ('anna', 'shield_used', 1, now() - interval '239 hours');
insert into store_log (body, came_at) values (
    '{{"tx": "tx-9", "user": "ben", "product": "{SHIELD}", "type": "non_renewing_purchase"}}',
    now() - interval '241 hours'
);
insert into requests select extract(epoch from now() - interval '3 hours'), 'claim', 200, 0.25
from generate_series(1, 4);
"""
COLUMNS: dict[str, dict[str, str]] = {
    "wallet_adjustments": {
        "adjustment_id": "id",
        "user_id": "user",
        "item": "'streakshield'",
        "quantity": "-amount",
        "adjusted_at": "at",
    },
    "function_metrics": {
        "timestamp": "to_timestamp(epoch)",
        "function_name": "name",
        "status_code": "code",
        "duration_ms": "(seconds * 1000)",
    },
    "accepted_discrepancies": {
        "user_id": '"user"::text',
        "item": "'xp_booster'",
        "reason": "'agreed for ' || days || ' days'",
        "accepted_by": "by",
        "accepted_until": "day + days",
    },
}
VARS: dict[str, Any] = {
    "claim_service_tables": {
        "wallet_adjustments": "shield_events",
        "function_metrics": "requests",
        "accepted_discrepancies": "agreed",
    },
    "claim_service_columns": COLUMNS,
    "claim_service_time_zones": {"accepted_discrepancies": "Europe/Berlin"},
}


def mapped(table: str, **columns: str) -> dict[str, Any]:
    """Return the vars with other columns of a table."""
    return VARS | {"claim_service_columns": COLUMNS | {table: COLUMNS[table] | columns}}


@pytest.fixture
def other_forms(database: Database) -> Database:
    database.execute(OTHER_FORMS)
    return database


def told(database: Database, folder: Path, vars: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what doctor finds wrong, and its advice."""
    project = consumer_project(folder, {"claim_reconciliation": vars})
    found = faults(claimctl("doctor", "--json", *on(database, project)))
    return [(each["finding"], each["advice"]) for each in found]


@pytest.mark.slow
def test_they_are_checked_built_repaired_and_explained(
    other_forms: Database, dbt: DbtProject, server: Server, tmp_path: Path
) -> None:
    assert told(other_forms, tmp_path, VARS) == []
    outcome = dbt.build("--exclude-resource-type", "unit_test", vars=VARS)
    assert outcome.named("error", "skipped") == set(), outcome.explain()
    wrong = (
        f"select user_id, item, quantity_discrepancy from {MODELS_SCHEMA}.fct_wallet_discrepancies"
    )
    assert other_forms.rows(wrong) == [("anna", "streakshield", -1)]
    health = (
        "select sum(total_requests), max(p95_latency_ms)"
        f" from {MODELS_SCHEMA}.rpt_claim_service_health"
    )
    assert other_forms.rows(health) == [(4, 250)]

    guard = installed(server, dbt, VARS)
    plans = [
        guard.plan(),
        guard.make("plan_recovery", user_id="ben", **{"from": "2000-01-01", "to": "now"}),
    ]
    for plan in plans:
        assert guard.apply(guard.approve(plan))["skipped"] == 0, guard.lines(plan)
        assert guard.call(RUNNER, "verify_plan", plan)["wrong"] == 0
    assert (guard.shields("anna"), guard.shields("ben")) == (2, 1)
    answer = claimctl("explain", "anna", "--json", *on(other_forms, tmp_path))
    assert answer.exit_code == 0, answer


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "an expression over a column that is not there": (
        mapped("wallet_adjustments", quantity="-amounts"),
        "",
        "claim_service_columns maps wallet_adjustments.quantity to (-amounts), which PostgreSQL"
        ' refuses: column "amounts" does not exist.',
        "Name a column, or write an expression over the columns of public.shield_events;",
    ),
    "an expression of another type": (
        mapped("wallet_adjustments", quantity="(amount > 0)"),
        "",
        "What claim_service_columns maps wallet_adjustments.quantity to, ((amount > 0)), is"
        " boolean, but must be integer.",
        "Cast it there: (((amount > 0)))::integer.",
    ),
    "a time without a zone": (
        mapped("function_metrics", timestamp="to_timestamp(epoch) at time zone 'UTC'"),
        "",
        "What claim_service_columns maps function_metrics.timestamp to, (to_timestamp(epoch) at"
        " time zone 'UTC'), is timestamp without time zone, but must be timestamp with time zone:"
        " without a zone its moment is unknown.",
        "Name the zone that it is written in: claim_service_time_zones: {function_metrics: UTC}.",
    ),
    "a view of another type": (
        VARS,
        "drop view audit_purchases; create view audit_purchases as"
        " select ''::text as tx_id, null::int as user_id, '' as sku, '' as status,"
        " now() as purchased_at",
        "public.audit_purchases.user_id is integer, but must be text, as the var user_id_data_type"
        " says.",
        "Cast it in the view public.audit_purchases to text.",
    ),
    "an expression for what is written": (
        VARS | {"claim_service_columns": COLUMNS | {"purchase_claims": {"sku": "lower(sku)"}}},
        "",
        'public.purchase_claims has no column "lower(sku)".',
        "Map it: claim_service_columns: {purchase_claims: {sku: its name}}.",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_doctor_build_and_install_guard_refuse_in_the_same_words(
    name: str, other_forms: Database, dbt: DbtProject, tmp_path: Path
) -> None:
    vars, statements, finding, advice = REFUSED[name]
    for statement in filter(None, statements.split(";")):
        other_forms.execute(statement)
    ((found, said),) = told(other_forms, tmp_path, vars)
    assert found == finding
    assert said.startswith(advice)
    for command in (["run"], ["run-operation", "install_guard"]):
        messages = dbt.says(*command, vars=vars)
        assert finding in messages
        assert advice in messages
    assert other_forms.rows("select from pg_namespace where nspname = 'claim_ops'") == []


def test_a_view_by_the_rights_of_the_asking_login_is_told(
    other_forms: Database, tmp_path: Path
) -> None:
    other_forms.execute("alter view audit_purchases set (security_invoker = true)")
    ((finding, advice),) = told(other_forms, tmp_path, VARS)
    assert finding.startswith("public.audit_purchases is a view that is read with the rights of")
    other_forms.execute(advice.removeprefix("As its owner: "))
    assert told(other_forms, tmp_path / "again", VARS) == []


# What is done to the rows, what doctor says of it, and the words of the advice.
VALUES: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "an item that nobody has": (
        mapped("wallet_adjustments", item="event"),
        "",
        "error",
        "public.shield_events names what wallet_items does not have: shield_used (1 rows).",
        "claim_service_columns: {wallet_adjustments: {item: \"'streakshield'\"}}",
    ),
    "spends that are positive": (
        mapped("wallet_adjustments", quantity="amount"),
        "",
        "warning",
        "All quantities of public.shield_events are positive, and a spend is negative:",
        'quantity: "-amount"}}; where all are gifts, say so: {quantity: "+amount"}.',
    ),
    "rows that lack what is needed": (
        VARS,
        "insert into shield_events (event, amount) values ('shield_used', 1)",
        "warning",
        "Of the first 2 rows of public.shield_events some lack what the models need:"
        " 1 have no adjusted_at, 1 have no user_id.",
        "leave them out by claim_service_filters",
    ),
    "users of another kind": (
        VARS,
        'insert into shield_events ("user", event, amount, at)'
        " select 'device-' || n, 'shield_used', 1, now() from generate_series(1, 5) as n",
        "warning",
        "Of 6 users of public.shield_events 1 have a wallet or a claim.",
        "claim_service_columns: {wallet_adjustments: {user_id: its name}}.",
    ),
    "a row that the expression refuses": (
        mapped("function_metrics", status_code="(1000 / code)"),
        "insert into requests values (0, 'claim', 0, 0)",
        "error",
        "What public.requests holds cannot be read: division by zero.",
        "Correct its columns in claim_service_columns, or the rows.",
    ),
    "an accepted item that nobody has": (
        mapped("accepted_discrepancies", item="'shield'"),
        "insert into agreed values ('anna', 3, current_date, 'mira')",
        "error",
        "public.agreed names what wallet_items does not have: shield (1 rows).",
        "claim_service_columns: {accepted_discrepancies: {item: \"'streakshield'\"}}",
    ),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_the_rows_hold_is_judged(name: str, other_forms: Database, tmp_path: Path) -> None:
    vars, statement, state, finding, advice = VALUES[name]
    if statement:
        other_forms.execute(statement)
    project = consumer_project(tmp_path, {"claim_reconciliation": vars})
    (found,) = faults(claimctl("doctor", "--json", *on(other_forms, project)))
    assert (found["check"], found["state"]) == ("values", state)
    assert found["finding"].startswith(finding)
    assert advice in found["advice"]


def test_gifts_alone_are_right_where_somebody_says_so(
    other_forms: Database, tmp_path: Path
) -> None:
    assert told(other_forms, tmp_path, mapped("wallet_adjustments", quantity="+amount")) == []


def test_a_table_that_is_locked_is_said_and_not_waited_for(
    other_forms: Database, tmp_path: Path
) -> None:
    project = consumer_project(tmp_path, {"claim_reconciliation": VARS})
    with other_forms.connect(autocommit=False) as connection:
        connection.execute("lock table shield_events")
        answer = claimctl("doctor", *on(other_forms, project))
    assert "public.shield_events is locked: what it holds was not looked at." in " ".join(
        answer.stdout.split()
    )
