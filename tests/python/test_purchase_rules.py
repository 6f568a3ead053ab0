"""The models of purchases and caps against their rules, computed a second time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from support.balance_rules import Row, Rows
from support.cap_rules import (
    CapRules,
    cap_boundary_claims,
    cap_usage,
    cap_violations,
    claim_bursts,
    current_windows,
)
from support.databases import MODELS_SCHEMA, Database, Templates
from support.dbt_project import DbtProject
from support.halves import half_of_today
from support.purchase_histories import PRICES, random_shop, store_shop
from support.purchase_rules import (
    purchase_discrepancies,
    purchases_not_judged,
    revenue_at_stake,
)

USERS = 220
SETTLE_MINUTES = 180
NIGHT_OF_APIA = datetime(2012, 1, 14, 12, tzinfo=UTC)  # Two weeks after Samoa skipped a day.
NEW_YEAR_OF_NEW_YORK = datetime(2025, 1, 8, 4, tzinfo=UTC)
AUTUMN_OF_NEW_YORK = datetime(2025, 11, 12, 4, tzinfo=UTC)
SPRING_OF_BERLIN = datetime(2024, 4, 6, 0, 30, tzinfo=UTC)  # After a February of 29 days.
APIA, BERLIN, KOLKATA, NEW_YORK = (
    "Pacific/Apia",
    "Europe/Berlin",
    "Asia/Kolkata",
    "America/New_York",
)

# Type of user_id, as_of, rules.
WORLDS: dict[str, tuple[str, datetime | None, CapRules]] = {
    "present_of_kolkata": ("text", None, CapRules(KOLKATA, "UTC")),
    "present_rolling": ("uuid", None, CapRules("UTC", KOLKATA, True, 5)),
    "new_year_of_new_york": ("uuid", NEW_YEAR_OF_NEW_YORK, CapRules(NEW_YORK, "UTC")),
    "autumn_of_new_york": ("text", AUTUMN_OF_NEW_YORK, CapRules(NEW_YORK, BERLIN, False, 120)),
    "spring_of_berlin": ("uuid", SPRING_OF_BERLIN, CapRules(BERLIN, APIA)),
    "spring_of_berlin_rolling": ("text", SPRING_OF_BERLIN, CapRules(BERLIN, NEW_YORK, True)),
    "a_day_that_never_was": ("text", NIGHT_OF_APIA, CapRules(APIA, "UTC")),
}

# Histories in which claims of one moment once hid a violation; any other world has this one.
SEEDS = {"a_day_that_never_was": 3652503824, "present_rolling": 2374410391}
SEED = 20251124

# They tell nothing of zones and windows that the others do not.
ONLY_SLOW = {"autumn_of_new_york", "spring_of_berlin_rolling"}


@pytest.mark.parametrize("world", half_of_today(WORLDS.keys() - ONLY_SLOW))
def test_models_agree_with_the_rules(world: str, templates: Templates, dbt: DbtProject) -> None:
    _assert_edges_are_reached([_compare(templates, dbt, world, SEEDS.get(world, SEED))])


@pytest.mark.slow
@pytest.mark.parametrize("world", half_of_today(WORLDS))
def test_models_agree_with_the_rules_over_fresh_purchases(
    world: str, templates: Templates, dbt: DbtProject
) -> None:
    """What few of the random users do is reached by one of the histories."""
    seeds = [random.randrange(2**32) for _ in range(5)]
    _assert_edges_are_reached([_compare(templates, dbt, world, seed) for seed in seeds])


def _compare(templates: Templates, dbt: DbtProject, world: str, seed: int) -> dict[str, list[Row]]:
    """Hold every row of every model against the rules; return the rows by model."""
    user_id_type, as_of, rules = WORLDS[world]
    database = templates.fresh_database(user_id_type)
    database.execute(f"alter database {database.name} set timezone to '{rules.local_zone}'")
    schema = MODELS_SCHEMA + ("_as_of" if as_of else "")
    now = as_of or datetime.now(UTC)
    shop = random_shop(seed, USERS, rules, now, as_uuid=user_id_type == "uuid")
    with database.connect() as connection:
        store_shop(shop, schema, connection)

    outcome = dbt.run(
        "run", "--select", "staging", "purchases", "caps", vars=_vars(rules, user_id_type, as_of)
    )
    assert outcome.success, outcome.explain()

    seen = shop.up_to(as_of)
    ledger = seen.ledger(rules)
    built_at = _built_at(database, schema)
    discrepancies = purchase_discrepancies(
        seen.statuses, seen.claims, PRICES, SETTLE_MINUTES, built_at["fct_purchase_discrepancies"]
    )
    window = ("user_id", "sku", "window_type", "window_start")
    expected: dict[str, tuple[tuple[str, ...], Rows]] = {
        "fct_purchase_discrepancies": (("tx_id", "discrepancy_type"), discrepancies),
        "rpt_revenue_at_stake": (
            ("discrepancy_type", "reason", "sku"),
            revenue_at_stake(discrepancies, built_at["fct_purchase_discrepancies"]),
        ),
        "rpt_purchases_not_judged": (
            ("status", "sku", "why"),
            purchases_not_judged(
                seen.statuses, seen.claims, PRICES, built_at["rpt_purchases_not_judged"]
            ),
        ),
        "fct_cap_usage": ((*window, "claims") if rules.is_rolling else window, cap_usage(ledger)),
        "fct_cap_violations": (
            ("tx_id", "window_type"),
            cap_violations(ledger, built_at["fct_cap_violations"]),
        ),
        "fct_cap_boundary_claims": (("tx_id", "window_type"), cap_boundary_claims(ledger)),
        "fct_claim_bursts": (("user_id", "first_claimed_at"), claim_bursts(ledger)),
    }
    if as_of:
        windows = current_windows(rules, as_of)
        expected["int_current_cap_windows"] = (("window_type",), windows)
    for model, (grain, rows) in expected.items():
        found = _rows_of(database, f"{schema}.{model}", grain)
        assert _differences(found, rows) == [], f"{model}, seed {seed}"
    return {model: list(rows.values()) for model, (_, rows) in expected.items()}


def _vars(rules: CapRules, user_id_type: str, as_of: datetime | None) -> dict[str, object]:
    return {
        "user_id_data_type": user_id_type,
        "settle_minutes": SETTLE_MINUTES,
        "cap_timezone": rules.zone,
        "local_timezone": rules.local_zone,
        "cap_window": "rolling" if rules.is_rolling else "calendar",
        "burst_gap_minutes": rules.burst_gap_minutes,
        **({"as_of": as_of.isoformat()} if as_of else {}),
    }


def _built_at(database: Database, schema: str) -> dict[str, datetime]:
    """Return when each table was built: its rows say so, all the same."""
    return {
        model: database.value(f"select distinct built_at from {schema}.{model}")
        for model in (
            "fct_purchase_discrepancies",
            "rpt_purchases_not_judged",
            "fct_cap_violations",
        )
    }


def _rows_of(database: Database, relation: str, grain: tuple[str, ...]) -> Rows:
    """Return a relation's complete rows by their grain, which must be unique."""
    rows = [_comparable(row) for row in database.records(f"select * from {relation}")]
    found = {tuple(_text(row[column]) for column in grain): row for row in rows}
    assert len(found) == len(rows), f"{relation} has more than one row for one {grain}"
    return found


def _text(value: Any) -> str:
    return str(value.timestamp()) if isinstance(value, datetime) else str(value)


def _comparable(row: Row) -> Row:
    """Ids as texts, whatever their type."""
    names = [name for name in ("user_id", "purchase_user_id") if row.get(name) is not None]
    return {**row, **{name: str(row[name]) for name in names}}


def _differences(
    found: Rows, expected: Rows
) -> list[tuple[tuple[str, ...], Row | None, Row | None]]:
    """Return the rows that differ: their key, what the model says, what the rules say."""
    return [
        (key, found.get(key), expected.get(key))
        for key in sorted({*found, *expected})
        if found.get(key) != expected.get(key)
    ]


def _assert_edges_are_reached(histories: list[dict[str, list[Row]]]) -> None:
    """Each kind of discrepancy and reason occurs, and each way to be beyond a cap."""
    expected = {model: [row for rows in histories for row in rows[model]] for model in histories[0]}
    found = {
        (row["discrepancy_type"], row["reason"]) for row in expected["fct_purchase_discrepancies"]
    }
    assert {kind for kind, _ in found} == {
        *("missing_claim", "unverified_claim", "refunded_claim", "mismatched_claim")
    }
    # Without as_of there is also a purchase whose time nobody knows.
    reasons = {"no_tx_id", "conflicting_users", "conflicting_skus", "no_user"}
    reasons |= {"refunded", "no_payment", "in_flight", "no_purchase", "other_user", "other_sku"}
    assert {reason for _, reason in found} >= {None, *reasons}
    assert {row["why"] for row in expected["rpt_purchases_not_judged"]} == {
        *("refunded", "unknown_sku", "no_payment")
    }
    ways = {(row["window_type"], row["is_excused"]) for row in expected["fct_cap_violations"]}
    assert ways == {("week", True), ("week", False), ("month", True), ("month", False)}
    assert len(expected["fct_cap_boundary_claims"]) > 50
    assert len(expected["fct_claim_bursts"]) > 50
