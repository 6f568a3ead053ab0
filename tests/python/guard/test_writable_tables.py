"""Claims and wallets with columns, keys and checks of the service's own: written, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from support.guard import Guard
from support.guard_templates import Guards, install

RANGE: dict[str, Any] = {"from": "2000-01-01", "to": "now"}
RAISES = {"raise": {"max_affected_share": 1}}


@dataclass(frozen=True)
class Refused:
    """What is done to a table, what is told, and how it is taken back."""

    statements: str
    plan: str
    message: str
    hint: str
    undo: str


REFUSED = {
    "a column that nothing fills": Refused(
        "alter table purchase_claims add region text not null default 'eu';"
        "alter table purchase_claims alter region drop default",
        "plan_recovery",
        "purchase_claims.region must not be null and nothing fills it",
        "alter table public.purchase_claims alter column region set default ...;",
        "alter table purchase_claims drop region",
    ),
    "a domain that is not null": Refused(
        "create domain region as text not null default 'eu';"
        "alter table purchase_claims add region region; alter domain region drop default",
        "plan_recovery",
        "purchase_claims.region must not be null and nothing fills it",
        "alter table public.purchase_claims alter column region set default ...;",
        "alter table purchase_claims drop region",
    ),
    "a column of claims that is computed": Refused(
        "alter table purchase_claims rename sku to bought;"
        "alter table purchase_claims alter bought drop not null;"
        "alter table purchase_claims add sku text generated always as (bought) stored",
        "plan_recovery",
        "purchase_claims.sku is computed by the database",
        "Map the column that the service itself writes",
        "alter table purchase_claims drop sku; alter table purchase_claims rename bought to sku",
    ),
    "a column of wallets that is computed": Refused(
        "alter table user_wallet_balances rename streakshield_count to shields;"
        "alter table user_wallet_balances add streakshield_count integer"
        " generated always as (shields) stored",
        "plan_wallets",
        "user_wallet_balances.streakshield_count is computed by the database",
        "Map the column that the service itself writes",
        "alter table user_wallet_balances drop streakshield_count;"
        "alter table user_wallet_balances rename shields to streakshield_count",
    ),
}


@pytest.fixture
def shop(guards: Guards) -> Guard:
    """Alice lacks a shield and a claim; Bob and Carl lack a claim each."""
    guard = guards.fresh({"settle_minutes": 0})
    guard.add_short_wallet("alice")
    for number, user in enumerate(("alice", "bob", "carl")):
        guard.add_purchase(user, f"lost-{number}", hours_ago=2000)
    for user in ("bob", "carl"):
        guard.add_wallet(user, 0)
    return guard


def test_what_no_line_could_be_written_past_is_refused_when_planned(
    shop: Guard, subtests: pytest.Subtests
) -> None:
    for name, case in REFUSED.items():
        shop.execute(case.statements)
        arguments = RANGE if case.plan == "plan_recovery" else RAISES
        with subtests.test(name):
            with shop.refuses("CO015", case.hint) as refusal:
                shop.make(case.plan, **arguments)
            assert str(refusal.value).startswith(f"public.{case.message}")
            if case.plan == "plan_recovery":
                shop.call("maker", "reject_plan", shop.plan(), "test")
        shop.execute(case.undo)
    assert shop.value("select count(*) from purchase_claims") == 2


def test_what_may_be_written_is_tried_line_by_line(shop: Guard) -> None:
    """A trigger fills a column; a CHECK and a key of the service's own are named by the line."""
    shop.execute(
        """
        alter table purchase_claims add region text not null default 'eu';
        alter table purchase_claims alter region drop default;
        create function fill_region() returns trigger language plpgsql as
        $$begin new.region := 'eu'; return new; end$$;
        create trigger fill_region before insert on purchase_claims
        for each row execute function fill_region();
        alter table purchase_claims add constraint carl_is_closed check (user_id <> 'carl');
        delete from purchase_claims where tx_id <> (select min(tx_id) from purchase_claims);
        update user_wallet_balances set streakshield_count = 1 where user_id = 'alice';
        create unique index one_shield_a_user on purchase_claims (user_id, sku);
        """
    )
    plan = shop.approve(shop.make("plan_recovery", **RANGE, **RAISES))
    shop.apply(plan)
    assert shop.lines(plan) == {
        "alice": "cannot_be_written",
        "bob": "applied",
        "carl": "cannot_be_written",
    }
    sentences = dict(
        shop.rows(
            "select user_id, detail ->> 'sentence' from claim_ops.journal where detail ? 'sentence'"
        )
    )
    assert "one_shield_a_user" in sentences["alice"]
    assert "carl_is_closed" in sentences["carl"]


PARTITIONED = """
    alter table purchase_claims rename to old_claims;
    alter index purchase_claims_pkey rename to old_claims_pkey;
    create table purchase_claims (like old_claims including defaults)
    partition by range (claimed_at);
    create table all_claims partition of purchase_claims default;
    insert into purchase_claims select * from old_claims;
"""


def test_claims_in_partitions_are_read_and_wallets_repaired(shop: Guard, guards: Guards) -> None:
    """No unique key on tx_id is possible: claim plans are refused, and nothing else is."""
    shop.execute(PARTITIONED)
    with shop.connect() as owner:
        install(owner, guards.script({"settle_minutes": 0}))
    with shop.refuses("CO015", "partition it by hash (tx_id)"):
        shop.make("plan_recovery", **RANGE)
    plan = shop.approve(shop.plan())
    shop.apply(plan)
    assert shop.lines(plan) == {"alice": "applied"}
    assert shop.shields("alice") == 2
