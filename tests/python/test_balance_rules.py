"""The models against the rules of balances, computed a second time over histories that shrink."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from psycopg.rows import dict_row
from support.balance_rules import (
    Row,
    Rows,
    Rules,
    Service,
    balances,
    claim_totals,
    expected_wallet_balances,
    wallet_balance_health,
    wallet_discrepancies,
)
from support.databases import MODELS_SCHEMA, Templates
from support.dbt_project import DbtProject
from support.halves import part_of_today
from support.histories import CATALOG, services, store, store_catalog

NIGHT_OF_APIA = datetime(2012, 1, 1, 12, tzinfo=UTC)  # Two days after Samoa skipped one.
SPRING_OF_NEW_YORK = datetime(2025, 3, 10, 4, tzinfo=UTC)
SPRING_OF_BERLIN = datetime(2025, 3, 31, 0, 30, tzinfo=UTC)
AUTUMN_OF_BERLIN = datetime(2025, 10, 28, 12, tzinfo=UTC)
AUTUMN_OF_NEW_YORK = datetime(2025, 11, 3, 7, tzinfo=UTC)

# Session's time zone, type of user_id, rules.
WORLDS = {
    "present_max_text": ("Pacific/Apia", "text", Rules()),
    "present_extend_uuid": ("Europe/Berlin", "uuid", Rules("extend", has_adjustments=True)),
    "spring_of_berlin": (
        "Europe/Berlin",
        "text",
        Rules(has_adjustments=True, as_of=SPRING_OF_BERLIN),
    ),
    "autumn_of_berlin": ("Europe/Berlin", "uuid", Rules("extend", as_of=AUTUMN_OF_BERLIN)),
    "spring_of_new_york": (
        "America/New_York",
        "uuid",
        Rules("max", 0, 5, has_adjustments=True, as_of=SPRING_OF_NEW_YORK),
    ),
    "autumn_of_new_york": (
        "America/New_York",
        "text",
        Rules("extend", 3599, 2880, has_adjustments=True, as_of=AUTUMN_OF_NEW_YORK),
    ),
    "a_day_that_never_was": ("Pacific/Apia", "text", Rules("extend", as_of=NIGHT_OF_APIA)),
}


# The same each time, so that the edges are reached; or new, and replayed where one failed.
FIXED = settings(max_examples=220, derandomize=True, database=None)
FRESH = settings(max_examples=100, print_blob=True)
MODELS = {
    "fct_claim_totals": ("user_id", "item"),
    "fct_expected_wallet_balances": ("user_id", "item"),
    "fct_wallet_discrepancies": ("user_id", "item"),
    "rpt_wallet_balance_health": ("item",),
}


@pytest.mark.parametrize("world", part_of_today(WORLDS, 4))
def test_models_agree_with_the_rules(world: str, templates: Templates, dbt: DbtProject) -> None:
    _assert_edges_are_reached(world, _compare(templates, dbt, world, FIXED))


@pytest.mark.slow
@pytest.mark.parametrize("world", part_of_today(WORLDS, 4))
def test_models_agree_with_the_rules_over_fresh_histories(
    world: str, templates: Templates, dbt: DbtProject
) -> None:
    _compare(templates, dbt, world, FRESH)


def _compare(templates: Templates, dbt: DbtProject, world: str, how: settings) -> list[Row]:
    """Hold every row of every model against the rules; return the discrepancies."""
    zone, user_id_type, rules = WORLDS[world]
    database = templates.fresh_database(user_id_type)
    database.execute(f"alter database {database.name} set timezone to '{zone}'")
    schema = MODELS_SCHEMA + ("_as_of" if rules.as_of else "")
    with database.connect() as other:
        store_catalog(CATALOG, schema, other)
    models = ("stg_claim_service__*", "stg_claim_ops__*", "wallets")
    outcome = dbt.run("run", "--select", *models, vars=_vars(rules, user_id_type))
    assert outcome.success, outcome.explain()
    queries = {name: result.node.compiled_code for name, result in outcome.nodes.items()}
    now = rules.as_of or datetime.now(UTC)
    found: list[Row] = []

    with psycopg.connect(database.dsn, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set timezone = 'UTC'")

        @settings(how, deadline=None, suppress_health_check=list(HealthCheck))
        @given(services(rules, now, as_uuid=user_id_type == "uuid"))
        def agree(service: Service) -> None:
            # Without any row the models say nothing of when they were built.
            assume(balances(service, rules, now))
            with connection.transaction(force_rollback=True):
                store(service, connection)
                built_at = _build_wallets(connection, schema, queries["int_wallet_balances"])
                assert built_at == rules.as_of or (rules.as_of is None and built_at > now)
                known = balances(service, rules, built_at)
                expected = {
                    "fct_claim_totals": claim_totals(known),
                    "fct_expected_wallet_balances": expected_wallet_balances(known),
                    "fct_wallet_discrepancies": wallet_discrepancies(known),
                    "rpt_wallet_balance_health": wallet_balance_health(known, built_at),
                }
                for model, grain in MODELS.items():
                    rows = _rows_of(connection, queries[model], grain)
                    assert _differences(rows, expected[model]) == [], model
            found.extend(expected["fct_wallet_discrepancies"].values())

        agree()
    return found


def _build_wallets(connection: psycopg.Connection[Row], schema: str, query: str) -> datetime:
    """Fill the table that int_wallet_balances reads, as of the query's moment; return that."""
    kept = f"{schema}.int_wallet_balances"
    described = connection.execute(f"select * from {kept}__base limit 0".encode()).description
    columns = ", ".join(f'"{column.name}"' for column in described or ())
    connection.execute(
        f"insert into {kept}__live ({columns}, is_gone)"
        f" select {columns}, false from ({query}\n) as rows".encode()
    )
    row = connection.execute(
        f"update {kept}__state set built_at = (select max(built_at) from ({query}\n) as rows)"
        " returning built_at".encode()
    ).fetchone()
    assert row is not None
    built_at: datetime = row["built_at"]
    return built_at


def _vars(rules: Rules, user_id_type: str) -> dict[str, object]:
    return {
        "user_id_data_type": user_id_type,
        "booster_stacking_policy": rules.policy,
        "booster_tolerance_seconds": rules.tolerance_seconds,
        "settle_minutes": rules.settle_minutes,
        "has_wallet_adjustments": rules.has_adjustments,
        **({"as_of": rules.as_of.isoformat()} if rules.as_of else {}),
    }


def _rows_of(connection: psycopg.Connection[Row], query: str, grain: tuple[str, ...]) -> Rows:
    """Return a query's complete rows by their grain, which must be unique."""
    rows = connection.execute(query.encode()).fetchall()
    found = {tuple(str(row[column]) for column in grain): row for row in rows}
    assert len(found) == len(rows), f"more than one row for one {grain}"
    return found


def _differences(
    found: Rows, expected: Rows
) -> list[tuple[tuple[str, ...], Row | None, Row | None]]:
    """Return the rows that differ: their key, what the model says, what the rules say."""
    return [
        (key, found.get(key), expected.get(key))
        for key in sorted({*found, *expected})
        if _comparable(found.get(key)) != expected.get(key)
    ]


def _comparable(row: Row | None) -> Row | None:
    return row if row is None or "user_id" not in row else {**row, "user_id": str(row["user_id"])}


def _assert_edges_are_reached(world: str, found: list[Row]) -> None:
    """Each kind of discrepancy occurs for each item, settled and in flight."""
    kinds = {(row["item"], row["discrepancy_type"], row["is_settled"]) for row in found}
    assert len(kinds) == 12, sorted(kinds)
    owed_less_than_nothing = any((row["expected_quantity"] or 0) < 0 for row in found)
    assert owed_less_than_nothing == WORLDS[world][2].has_adjustments
