"""Eight live writers beside an apply: no claim of theirs is lost or doubled, by their own log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandbox.history import SPOILABLE_USERS, create_history
from sandbox.traffic import account_for, start_traffic, stop_traffic
from support.databases import MODELS_SCHEMA
from support.guard import RUNNER, Guard

# Claim first and wallet first, each in one commit: with nothing to settle there is no other way.
WRITERS = ("atomic", "upsert") * 4
NO_LIMITS = dict.fromkeys(
    (
        *("max_affected_share", "max_net_quantity", "max_suspected_spends"),
        *("max_suspected_share", "max_unexplained_excess"),
    ),
    10**6,
)
# Every other user of the traffic is short of a shield, or has a booster that no claim outlasts.
SPOIL = f"""
    create table spoiled as
    select
        user_id,
        case when user_number % 4 > 0 then 1 else 0 end as taken_shields,
        case when user_number % 4 = 0 then now() + interval '30 days' end as forged_until
    from sandbox.users
    where user_number >= {SPOILABLE_USERS} and user_number % 2 = 0;

    update user_wallet_balances as wallets
    set
        streakshield_count = wallets.streakshield_count - taken_shields,
        xp_booster_until = coalesce(forged_until, wallets.xp_booster_until)
    from spoiled
    where wallets.user_id = spoiled.user_id;

    insert into {MODELS_SCHEMA}.fct_wallet_discrepancies
        (user_id, item, discrepancy_type, is_settled, built_at)
    select user_id, 'streakshield', 'short', true, now() from spoiled;

    update sku_limits set weekly_cap = null, monthly_cap = null;
"""
# A wallet is what its claims say, or off by just what was done to it where that was not repaired.
WRONG = """
    with claims as (
        select
            user_id,
            count(*) filter (where sku = 'consumable_streakshield_1') as shields,
            max(claimed_at) filter (where sku = 'consumable_xp_booster_7d')
                + interval '168 hours' as until
        from purchase_claims
        group by user_id
    ),

    unrepaired as (
        select spoiled.*
        from spoiled
        left join claim_ops.line_states on spoiled.user_id = line_states.user_id
        where line_states.state is distinct from 'applied'
    )

    select user_id, wallets, claims, unrepaired
    from user_wallet_balances as wallets
    full join claims using (user_id)
    left join unrepaired using (user_id)
    where (wallets.streakshield_count, wallets.xp_booster_until) is distinct from (
        (coalesce(claims.shields, 0) - coalesce(unrepaired.taken_shields, 0))::int,
        coalesce(unrepaired.forged_until, claims.until)
    )
"""


@pytest.mark.parametrize(
    ("users", "per_second", "lines_a_batch"),
    [
        pytest.param(1_600, 150, 5, id="small"),
        pytest.param(4_000, 400, 10, id="large", marks=pytest.mark.slow),
    ],
)
def test_live_writers_lose_nothing(
    guard: Guard,
    beside: ThreadPoolExecutor,
    tmp_path: Path,
    users: int,
    per_second: float,
    lines_a_batch: int,
) -> None:
    with guard.connect() as connection:
        create_history(connection, SPOILABLE_USERS + users, user_id_type="text")
    guard.execute(SPOIL)
    assert guard.rows(WRONG) == []
    plan = guard.approve(
        guard.plan(reason="OPS-1", include_excess=["xp_booster"], **{"raise": NO_LIMITS})
    )
    start_traffic(
        tmp_path,
        guard.dsn,
        SPOILABLE_USERS + users,
        kinds=WRITERS,
        per_second=per_second,
        seconds=120,
    )
    try:
        guard.wait_until("count(*) > 20 from purchase_claims where tx_id like 'atomic-%'")
        appliers = [beside.submit(guard.apply, plan, limit=lines_a_batch) for _ in range(2)]
        for applier in appliers:
            applier.result()
    finally:
        stop_traffic(tmp_path)

    outcome = guard.call(RUNNER, "finish_apply", plan)
    assert outcome["pending"] == 0
    assert outcome["applied"] > users / 10
    assert outcome["skipped"] > 0
    assert guard.rows(WRONG) == []
    with guard.connect() as connection:
        account = account_for(connection, tmp_path)
    assert (account.lost_claims, account.unacknowledged_claims) == (0, 0)
    assert guard.call(RUNNER, "verify_plan", plan)["wrong"] == 0
    assert guard.rows("select * from claim_ops.check_journal()") == []
