"""Models and guard against an oracle: random shops with all that may count, planned and applied."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA, Templates
from support.guard import LOGINS, Guard
from support.guard_templates import Guards
from support.random_shops import random_shops, store_shops
from support.shop_oracle import COLUMNS, Lines, Shop, Wallet

VARS = {
    "has_accepted_discrepancies": True,
    "has_queued_purchases": True,
    "has_users": True,
    "has_wallet_adjustments": True,
    "claim_service_filters": {
        "purchase_claims": "deleted_at is null",
        "audit_purchases": "environment = 'PRODUCTION'",
        "users": "deleted_at is null",
    },
}
NO_LIMITS = dict.fromkeys(
    (
        *("max_affected_share", "max_wallets", "max_net_quantity"),
        *("max_suspected_spends", "max_suspected_share", "max_unexplained_excess"),
    ),
    10**6,
)
POLICIES = [("max", "ask"), ("extend", "ask"), ("max", "clamp"), ("extend", "allow")]


def test_twenty_shops_are_as_the_oracle_says(guards: Guards, templates: Templates) -> None:
    compare(guards, templates, 20, "extend", "ask", seed=20261127)


@pytest.mark.slow
@pytest.mark.parametrize(("stacking", "negative"), POLICIES)
def test_two_hundred_shops_are_as_the_oracle_says(
    guards: Guards, templates: Templates, stacking: str, negative: str
) -> None:
    """Fifty new ones under each pair of policies."""
    compare(guards, templates, 50, stacking, negative, seed=random.randrange(2**32))


def compare(
    guards: Guards, templates: Templates, shops: int, stacking: str, negative: str, seed: int
) -> None:
    """Build, plan and apply; hold each answer against the oracle's."""
    now = datetime.now(UTC).replace(microsecond=0)
    shop = random_shops(seed, shops, stacking, negative, now)
    vars = {**VARS, "booster_stacking_policy": stacking, "negative_ledger_policy": negative}
    guard = built(guards, templates, shop, vars)
    told = f"seed {seed}, {stacking}, {negative}"
    assert_models_agree(guard, shop, told)

    plan = guard.make(
        "plan_wallets", reason="OPS-1", include_excess=list(COLUMNS), **{"raise": NO_LIMITS}
    )
    lines, left_out = shop.correction(now)
    assert lines_of(guard, plan) == lines, told
    assert {
        (user_id, item): reason
        for user_id, item, reason in guard.rows(
            "select user_id, item, reason from claim_ops.plan_balances_left_out"
        )
    } == left_out, told
    reasons = set(left_out.values())
    assert {"in_flight", "account_gone", "unclaimed_purchase", "accepted"} <= reasons, told
    guard.apply(guard.approve(plan))
    assert set(guard.lines(plan).values()) == {"applied"}, told
    assert_wallets_hold(guard, lines)

    shop = shop.with_wallets(wallets_of(guard, shop))
    ninety_days = {"from": now - timedelta(days=90), "to": now}
    claimed, left_over = shop.recovery(now)
    assert_claims_agree(guard, "plan_recovery", claimed, left_over, told, **ninety_days)
    assert {"over_cap", "in_flight", "refunded", "wallet_disagrees"} <= set(left_over.values()), (
        told
    )

    shop = shop.with_claims(claimed).with_wallets(wallets_of(guard, shop))
    claimed, left_over = shop.replay(now)
    assert_claims_agree(guard, "plan_queue", claimed, left_over, told, include_over_cap=True)
    conflicts = {f"conflicting_{what}" for what in ("users", "skus", "units")}
    assert {"in_flight", "unknown_sku", *conflicts} <= set(left_over.values()), told


def built(guards: Guards, templates: Templates, shop: Shop, vars: dict[str, Any]) -> Guard:
    """Return a database with the shops, models and guard; both say by themselves by which rules."""
    guards.with_models()
    database = templates.fresh_database()
    with database.connect() as connection:
        store_shops(shop, MODELS_SCHEMA, connection)
    purchases = ("fct_purchase_discrepancies", "fct_cap_violations")
    selected = ("stg_claim_service__*", "stg_claim_ops__*", "wallets", *purchases)
    outcome = guards.dbt.run("run", "--select", *selected, vars=vars)
    assert outcome.success, outcome.explain()
    with database.connect() as connection:
        connection.execute(f"begin;\n{guards.script(vars)}\ncommit;".encode())
        for login, role in LOGINS.items():
            connection.execute(f"grant {role} to {login}".encode())
    return Guard(database.server)


def assert_models_agree(guard: Guard, shop: Shop, told: str) -> None:
    now = guard.value(f"select built_at from {MODELS_SCHEMA}.rpt_wallet_build")
    expected = {
        (row["user_id"], row["item"]): (row["expected_quantity"], row["expected_expires_at"])
        for row in guard.records(f"select * from {MODELS_SCHEMA}.fct_expected_wallet_balances")
    }
    assert expected == {
        (user_id, item): (amount, None) if item == "streakshield" else (None, amount)
        for user_id in shop.users()
        for item in COLUMNS
        for amount in [shop.expected(user_id, item)]
    }, told
    found = {
        (row["user_id"], row["item"]): (
            *(row["discrepancy_type"], row["excused_because"]),
            row["is_settled"],
        )
        for row in guard.records(f"select * from {MODELS_SCHEMA}.fct_wallet_discrepancies")
    }
    assert found == shop.wrong_balances(now), told
    purchases = guard.rows(
        "select tx_id, discrepancy_type, reason, units, unit_price"
        f" from {MODELS_SCHEMA}.fct_purchase_discrepancies"
    )
    assert set(purchases) == shop.purchase_faults(now), told
    kinds = {(kind, reason) for _, kind, reason, *_ in purchases}
    assert {("mismatched_claim", "other_units"), ("missing_claim", None)} <= kinds
    violations = guard.rows(
        f"select tx_id, claim_number, cap from {MODELS_SCHEMA}.fct_cap_violations"
    )
    assert set(violations) == shop.beyond_caps(), told


def assert_claims_agree(
    guard: Guard, function: str, lines: Lines, left_out: dict[str, str], told: str, **arguments: Any
) -> None:
    """Make a plan of claims and apply it; hold lines, what is left out, wallets and claims."""
    plan = guard.make(function, **arguments, **{"raise": NO_LIMITS})
    after = {user_id: after for user_id, (after, _) in lines.items()}
    assert lines_of(guard, plan) == after, told
    assert guard.left_out(plan) == left_out, told
    guard.apply(guard.approve(plan))
    assert set(guard.lines(plan).values()) == {"applied"}, told
    assert_wallets_hold(guard, after)
    inserted = guard.rows(
        "select claims.tx_id, claims.user_id, claims.sku, claims.claimed_at, claims.units"
        " from purchase_claims as claims"
        f" join claim_ops.plan_claims using (tx_id) where plan_id = {plan}"
    )
    assert set(inserted) == {
        (claim.tx_id, claim.user_id, claim.sku, claim.claimed_at, claim.units or 1)
        for _, claims in lines.values()
        for claim in claims
    }, told


def lines_of(guard: Guard, plan: int) -> dict[str, dict[str, Any]]:
    """Return what a plan writes, by user."""
    rows = guard.rows(f"select user_id, after from claim_ops.plan_lines where plan_id = {plan}")
    return {
        user_id: {
            column: datetime.fromisoformat(value) if isinstance(value, str) else value
            for column, value in after.items()
        }
        for user_id, after in rows
    }


def assert_wallets_hold(guard: Guard, lines: dict[str, dict[str, Any]]) -> None:
    wallets = {row["user_id"]: row for row in guard.records("select * from user_wallet_balances")}
    held = {
        user_id: {column: wallets[user_id][column] for column in after}
        for user_id, after in lines.items()
    }
    assert held == lines


def wallets_of(guard: Guard, before: Shop) -> dict[str, Wallet]:
    """Return the wallets as they are; their times, but for the guard's own, are as before."""
    rows = guard.rows(
        "select user_id, streakshield_count, xp_booster_until from user_wallet_balances"
    )
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    return {
        user_id: Wallet(
            user_id,
            shields,
            until,
            before.wallets[user_id].updated_at if user_id in before.wallets else long_ago,
        )
        for user_id, shields, until in rows
    }
