"""Rows that no service should hold: each is found by a test that says it, and nothing breaks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sandbox.server import Server
from support.claimctl import claimctl, on
from support.databases import Database
from support.dbt_project import DbtProject
from support.foreign import installed
from support.guard import MAKER

SHIELD = "consumable_streakshield_1"
BOOSTER = "consumable_xp_booster_7d"
SOUND = "assert_source_rows_are_sound"
# Nothing keeps such rows out: no key, no NOT NULL, no CHECK.
WITHOUT_CONSTRAINTS = """
do $$
declare v_column record;
begin
    for v_column in
        select conrelid::regclass as name, conname from pg_constraint
        where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'c') and conrelid <> 0
            and conrelid <> 'store_config'::regclass
    loop
        execute format('alter table %s drop constraint %I', v_column.name, v_column.conname);
    end loop;
    for v_column in
        select attrelid::regclass as name, attname from pg_attribute
        inner join pg_class on attrelid = pg_class.oid
        where relnamespace = 'public'::regnamespace and relkind = 'r' and attnotnull and attnum > 0
            and attidentity = '' and not attisdropped and relname <> 'store_config'
    loop
        execute format('alter table %s alter %I drop not null', v_column.name, v_column.attname);
    end loop;
end $$;
"""


@dataclass(frozen=True)
class Row:
    """A bad row, the test that finds it, and what of its rows says so."""

    insert: str
    finder: str
    fault: str = ""


def claim(tx_id: str = "'{}'", user: str = "'{}'", sku: str = f"'{SHIELD}'", at: str = "") -> str:
    at = at or "now() - interval '10 days'"
    return (
        "insert into purchase_claims (tx_id, user_id, sku, claimed_at)"
        f" values ({tx_id}, {user}, {sku}, {at})"
    )


def wallet(shields: str = "1", until: str = "null", at: str = "now()", user: str = "'{}'") -> str:
    return (
        "insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until,"
        f" updated_at) values ({user}, {shields}, {until}, {at})"
    )


def purchase(
    status: str = "'NON_RENEWING_PURCHASE'", at: str = "", tx_id: str = "'{}'", user: str = "'{}'"
) -> str:
    at = at or "now() - interval '10 days'"
    return (
        "insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)"
        f" values ({tx_id}, {user}, '{SHIELD}', {status}, {at})"
    )


def adjustment(item: str = "'streakshield'", quantity: str = "1", at: str = "now()") -> str:
    return (
        "insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)"
        f" values ('{{}}', '{{}}', {item}, {quantity}, {at})"
    )


def request(code: str = "200", duration: str = "5", at: str = "now() - interval '1 hour'") -> str:
    return (
        'insert into function_metrics ("timestamp", function_name, status_code, duration_ms)'
        f" values ({at}, 'claim', {code}, {duration})"
    )


IMPOSSIBLE = ("'infinity'", "'-infinity'", "'0001-01-01'", "'9999-12-31'", "'4000-01-01 BC'")
LONG = "repeat('x', 10000)"
ROWS: dict[str, Row] = {
    "a claim without a tx_id": Row(claim(tx_id="null"), SOUND, "no tx_id"),
    "a claim of nobody": Row(claim(user="null"), "assert_claims_name_their_user"),
    "a claim of nothing": Row(claim(sku="null"), SOUND, "no sku"),
    "a claim at no time": Row(claim(at="null"), SOUND, "no claimed_at"),
    **{
        f"a claim at {at}": Row(claim(at=at), SOUND, "a claimed_at that cannot be")
        for at in IMPOSSIBLE
    },
    "a booster at infinity": Row(
        claim(sku=f"'{BOOSTER}'", at="'infinity'"), SOUND, "a claimed_at that cannot be"
    ),
    "a claim of tomorrow": Row(claim(at="now() + interval '1 day'"), "warn_claims_in_the_future"),
    "a claim twice": Row(
        f"{claim(tx_id=repr('twice'))}; {claim(tx_id=repr('twice'))}", SOUND, "a tx_id twice"
    ),
    "long ids": Row(claim(tx_id=LONG, user=LONG, sku=LONG), "warn_claims_of_unknown_skus"),
    "an empty SKU": Row(claim(sku="''"), "warn_claims_of_unknown_skus"),
    "a wallet of nobody": Row(wallet(user="null"), SOUND, "no user_id"),
    "a wallet of less than nothing": Row(wallet("-3"), SOUND, "a negative streakshield"),
    "a wallet with all that there is": Row(
        wallet("2147483647", at="now() - interval '10 days'"), "assert_settled_wallets_match_claims"
    ),
    "a wallet of null shields": Row(
        f"{wallet('null', at=repr('2020-01-01'))}; {claim()}", "assert_settled_wallets_match_claims"
    ),
    "a booster without an end": Row(
        wallet("0", until="'infinity'", at="now() - interval '10 days'"),
        "assert_settled_wallets_match_claims",
    ),
    **{
        f"a wallet changed at {at}": Row(wallet("0", at=at), SOUND, "an updated_at that cannot be")
        for at in IMPOSSIBLE
    },
    "a wallet twice": Row(
        f"{wallet('0', user=repr('two'))}; {wallet('0', user=repr('two'))}",
        SOUND,
        "a user_id twice",
    ),
    **{
        f"a purchase at {at}": Row(purchase(at=at), SOUND, "a purchased_at that cannot be")
        for at in IMPOSSIBLE
    },
    "a purchase of an unknown status": Row(
        purchase("'PAID_BY_SHELLS'"), "warn_new_purchase_statuses"
    ),
    "a purchase of no status": Row(purchase("null"), "warn_new_purchase_statuses"),
    "a purchase of nobody": Row(purchase(user="null"), "warn_unclear_purchases"),
    "a purchase without a tx_id": Row(purchase(tx_id="null"), "warn_unclear_purchases"),
    "a purchase at no time": Row(purchase(at="null"), "warn_unclear_purchases"),
    "an adjustment of no item": Row(adjustment(item="null"), "assert_adjustments_name_known_items"),
    "an adjustment of no quantity": Row(adjustment(quantity="null"), SOUND, "no quantity"),
    "an adjustment below nothing": Row(
        adjustment(quantity="-5"), "assert_expected_quantities_are_not_negative"
    ),
    "an adjustment at no time": Row(adjustment(at="null"), SOUND, "no adjusted_at"),
    **{
        f"an adjustment at {at}": Row(adjustment(at=at), SOUND, "an adjusted_at that cannot be")
        for at in IMPOSSIBLE
    },
    **{
        f"a request at {at}": Row(request(at=at), SOUND, "a requested_at that cannot be")
        for at in IMPOSSIBLE
    },
    "a request of tomorrow": Row(
        request(at="now() + interval '1 day'"), "warn_metrics_in_the_future"
    ),
    "a request with a status that is none": Row(request("99999"), SOUND, "no status of HTTP"),
    "a request that took less than no time": Row(
        request(duration="-1"), SOUND, "a negative duration_ms"
    ),
}


# Without a key the guard is not installed; who installs it has taken these away.
KEYS = """
delete from purchase_claims where tx_id = 'twice';
delete from user_wallet_balances where user_id = 'two';
create unique index on purchase_claims (tx_id);
create unique index on user_wallet_balances (user_id);
"""


@pytest.mark.slow
def test_each_is_found_and_nothing_breaks(
    database: Database, dbt: DbtProject, server: Server, subtests: pytest.Subtests
) -> None:
    """All at once: a division, cast or series that one of them breaks would break the build."""
    database.execute(WITHOUT_CONSTRAINTS)
    for number, row in enumerate(ROWS.values()):
        database.execute(row.insert.replace("{}", f"bad-{number}"))
    outcome = dbt.build("--store-failures", vars={"max_unsettled_share": 1})
    assert outcome.named("error", "skipped") == set(), outcome.explain()
    found = dict(
        database.rows(
            f"select fault, sum(faulty_rows)::int from dbt_dbt_test__audit.{SOUND} group by 1"
        )
    )
    blamed = outcome.named("fail", "warn")
    assert {name for name in blamed if name.endswith("_is_well_formed")} == set()
    for name, row in ROWS.items():
        with subtests.test(name):
            assert row.finder in blamed
            if row.fault:
                alike = [each for each in ROWS.values() if each.fault == row.fault]
                assert found[row.fault] >= len(alike)

    def says(*command: str, login: str = "postgres") -> None:
        answer = claimctl(*command, "--json", *on(database, user=login))
        assert "sqlstate" not in answer.stderr.lower(), (command, answer)
        assert answer.stdout.startswith("{") or "claimctl: " in answer.stderr, (command, answer)

    users = [f"bad-{number}" for number in range(len(ROWS))]
    for command in (["doctor"], ["alerts"], *(["explain", user] for user in users)):
        says(*command)
    database.execute(KEYS)
    guard = installed(server, dbt, {"max_unsettled_share": 1})
    reason = ("--reason", "SUP-412 bad rows")
    to = database.value("select (now() - interval '5 hours')::text")
    says("plan", "wallets", *reason, "--raise", "max_affected_share=1", login=MAKER)
    says(
        *("plan", "recovery", *reason, "--from", "2000-01-01", "--to", to),
        login=MAKER,
    )
    planned = guard.rows("select kind, state from claim_ops.plans")
    assert planned == [("wallet_correction", "planned")]
