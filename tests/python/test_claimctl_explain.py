"""`claimctl explain`: one user's claims and wallet, as the models and the tables have them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.claimctl import claimctl, consumer_project, on
from support.databases import MODELS_SCHEMA, Database, Templates
from support.dbt_project import DbtProject
from support.documents import departures, documented

USER = "5b1f6f0e-8f0c-4a53-9d0a-2f3f2f1f9c11"
STRANGER = "00000000-0000-4000-8000-000000000000"
UUID = {"user_id_data_type": "uuid"}
# A shield too few, a booster for ever, a refunded purchase without claim, another user's purchase.
TABLES = f"""
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('tx-1', '{USER}', 'consumable_streakshield_1', now() - interval '3 days'),
    ('tx-2', '{USER}', 'consumable_streakshield_1', now() - interval '2 days'),
    ('tx-3', '{USER}', 'consumable_xp_booster_7d', now() - interval '1 day');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values
    ('tx-1', '{USER}', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE', now() - interval '4d'),
    ('tx-2', '{STRANGER}', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE', now()),
    ('tx-8', '{USER}', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE', now() - interval '5h'),
    ('tx-9', '{USER}', 'consumable_streakshield_1', 'REFUND', now() - interval '1 hour'),
    ('tx-9', '{USER}', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE', now() - interval '2h');
insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
values ('{USER}', 1, 'infinity', now() - interval '1 day');
"""
JUDGED_BY_THE_GUARD = (
    "Only the guard can say which window of a cap refuses a purchase without a claim, and what a "
    "plan would do with it: dbt run-operation install_guard"
)


@pytest.fixture(scope="module")
def built(templates: Templates, dbt: DbtProject) -> str:
    """The name of a template with uuids and built models."""
    templates.fresh_database("uuid").execute(TABLES)
    outcome = dbt.build("--exclude-resource-type", "test", vars=UUID)
    assert outcome.success, outcome.explain()
    templates.keep("explained")
    return "explained"


@pytest.fixture
def explained(built: str, templates: Templates, tmp_path: Path) -> tuple[Database, list[str]]:
    """A database with uuids and built models, and the options that lead to it."""
    database = templates.fresh_database(built)
    return database, on(database, consumer_project(tmp_path, UUID))


def test_a_user(explained: tuple[Database, list[str]]) -> None:
    database, options = explained
    answer = claimctl("explain", USER, "--json", *options)
    assert answer.exit_code == 0
    document = answer.document
    assert list(departures(document, documented()["explain"])) == []
    assert list(document) == [
        *("user_id", "is_known", "built_at", "as_of", "has_wallet", "wallet_updated_at"),
        *("ledger", "adjustments", "balances", "hints", "cap_zone"),
        *("discrepancies", "caps", "episodes", "plans", "unclaimed"),
    ]
    ledger = [
        (row["tx_id"], row["item"], bool(row["claimed_at"]), row["purchase_statuses"])
        for row in document["ledger"]
    ]
    assert ledger == [
        ("tx-1", "streakshield", True, "NON_RENEWING_PURCHASE"),
        ("tx-2", "streakshield", True, "NON_RENEWING_PURCHASE"),
        ("tx-3", "xp_booster", True, None),
        ("tx-8", "streakshield", False, "NON_RENEWING_PURCHASE"),
        ("tx-9", "streakshield", False, "NON_RENEWING_PURCHASE, REFUND"),
    ]
    shield, booster = document["balances"]
    assert (shield["item"], shield["wallet_quantity"], shield["expected_quantity"]) == (
        "streakshield",
        1,
        2,
    )
    assert (shield["discrepancy_type"], shield["is_settled"]) == ("short", True)
    assert (booster["item"], booster["wallet_expires_at"]) == ("xp_booster", "infinity")
    claimed_at = datetime.fromisoformat(document["ledger"][2]["claimed_at"])
    assert datetime.fromisoformat(booster["expected_expires_at"]) == claimed_at + timedelta(
        hours=168
    )
    assert booster["discrepancy_type"] == "excess"
    assert document["hints"] == ["The purchase of tx-2 names another user.", JUDGED_BY_THE_GUARD]

    found = [
        (row["tx_id"], row["discrepancy_type"], row["reason"], row["is_recoverable"])
        for row in document["discrepancies"]
    ]
    assert found == [
        ("tx-2", "mismatched_claim", "other_user", False),
        ("tx-3", "unverified_claim", "no_purchase", False),
        ("tx-8", "missing_claim", None, True),
    ]
    usage = {
        row["window_type"]: (row["sku"], row["claims"], row["cap"]) for row in document["caps"]
    }
    shields = "select count(*) from purchase_claims where sku = 'consumable_streakshield_1'"
    assert usage == {
        window: (
            "consumable_streakshield_1",
            database.value(f"{shields} and claimed_at >= date_trunc('{window}', now(), 'UTC')"),
            cap,
        )
        for window, cap in (("week", 1), ("month", 3))
    }

    episodes = [
        (row["item"], row["discrepancy_type"], row["last_quantity"], row["probable_cause"])
        for row in document["episodes"]
    ]
    assert episodes == [
        ("streakshield", "short", -1, "unknown"),
        ("xp_booster", "excess", None, "unknown"),
    ]
    assert {row["ended_at"] for row in document["episodes"]} == {None}

    in_words = claimctl("explain", USER.upper(), *options).stdout
    assert re.search(r"streakshield +short +[-0-9]+ [:0-9]+ +-1 +unknown +still wrong", in_words)
    assert "  streakshield: Nothing that is kept shows why." in in_words
    assert re.search(r"tx-2 .* mismatched_claim other_user", in_words)
    assert re.search(r"tx-8 .* missing_claim recoverable", in_words)
    assert re.search(r"consumable_streakshield_1 +week +[-0-9]+ 00:00:00 +\d +1", in_words)
    assert f"User {USER}. Times are in UTC." in in_words
    assert re.search(r"tx-9 .* not claimed +NON_RENEWING_PURCHASE, REFUND", in_words)
    assert re.search(r"streakshield +1 +2 +short +settled", in_words)
    until = booster["expected_expires_at"][:19].replace("T", " ")
    assert re.search(rf"xp_booster +until infinity +until {until} +excess +settled", in_words)

    changes = {
        f"insert into purchase_claims values ('tx-4', '{USER}', 'consumable_of_old', now())": [
            "Claims have come since the models were built: run dbt build.",
            "The purchase of tx-2 names another user.",
            "The catalogue does not know consumable_of_old, which counts for no item.",
        ],
        # A hand edit that leaves updated_at alone.
        "update user_wallet_balances set streakshield_count = 2": [
            "The wallet has changed since the models were built: run dbt build.",
            "Claims have come since the models were built: run dbt build.",
            "The purchase of tx-2 names another user.",
            "The catalogue does not know consumable_of_old, which counts for no item.",
        ],
    }
    for change, hints in changes.items():
        database.execute(change)
        assert claimctl("explain", USER, "--json", *options).document["hints"] == [
            *hints,
            JUDGED_BY_THE_GUARD,
        ]


def test_users_who_are_new_in_flight_or_unknown(explained: tuple[Database, list[str]]) -> None:
    database, options = explained
    answer = claimctl("explain", "not-an-id", *options)
    assert (answer.exit_code, answer.sentence) == (
        2,
        "'not-an-id' is no uuid, but user ids are: check the id.",
    )
    other = "00000000-0000-4000-8000-000000000001"
    answer = claimctl("explain", other, *options)
    assert (answer.exit_code, answer.sentence) == (
        1,
        f"There is no user {other}: no claim, purchase or wallet names it.",
    )
    # Only the audit trail knows the stranger.
    document = claimctl("explain", STRANGER, "--json", *options).document
    assert [row["tx_id"] for row in document["ledger"]] == ["tx-2"]
    assert document["balances"] == []
    assert document["hints"] == ["The models do not know this user yet: run dbt build."]
    assert "Wallet (missing; models built at " in claimctl("explain", STRANGER, *options).stdout

    database.execute(
        f"update {MODELS_SCHEMA}.int_wallet_balances__live set last_activity_at = now()"
    )
    assert re.search(r"short +in flight", claimctl("explain", USER, *options).stdout)
    database.execute(f"update {MODELS_SCHEMA}.rpt_wallet_build set as_of = '2024-03-01 12:00+01'")
    hints = claimctl("explain", USER, "--json", *options).document["hints"]
    assert hints[0] == "The models look back, as of 2024-03-01 11:00:00."

    # A build of the wallets alone is enough for the rest.
    database.execute(f"drop table {MODELS_SCHEMA}.fct_purchase_discrepancies cascade")
    document = claimctl("explain", USER, "--json", *options).document
    assert document["hints"][-1] == "There is no fct_purchase_discrepancies: run dbt build."
    assert (document["discrepancies"], len(document["caps"])) == ([], 2)

    database.execute(f"drop table {MODELS_SCHEMA}.sku_catalog cascade")
    answer = claimctl("explain", USER, *options)
    assert answer.exit_code == 1
    assert "The catalogue sku_catalog is in no schema: correct the var" in answer.sentence
    database.execute(f"drop schema {MODELS_SCHEMA} cascade")
    answer = claimctl("explain", USER, *options)
    assert answer.exit_code == 3
    assert answer.sentence.startswith("No schema holds the wallet models: choose by")


@pytest.mark.slow
def test_adjustments_and_letters_that_steer_a_terminal(
    database: Database, dbt: DbtProject, tmp_path: Path
) -> None:
    vars = {"has_wallet_adjustments": True}
    database.execute(
        "insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)"
        " values (E'\\x1b[31mspent [bold]', 'anna', 'streakshield', -1, '2024-03-31 03:30+02')"
    )
    assert dbt.build("--exclude-resource-type", "test", vars=vars).success
    options = on(database, consumer_project(tmp_path, vars))
    in_words = claimctl("explain", "anna", *options).stdout
    assert re.search(r"\\x1b\[31mspent \[bold\] +streakshield +-1 +2024-03-31 01:30:00", in_words)
    assert "\x1b" not in in_words


def test_a_login_without_rights(explained: tuple[Database, list[str]]) -> None:
    database, options = explained
    database.execute("drop role if exists nobody; create role nobody login")
    dsn = database.server.dsn(database.name, "nobody")
    theirs = [dsn if option == database.dsn else option for option in options]
    answer = claimctl("explain", USER, *theirs)
    assert answer.exit_code == 4
    assert f"permission denied for schema {MODELS_SCHEMA}" in answer.sentence
    assert answer.sentence.endswith("claimctl doctor")
