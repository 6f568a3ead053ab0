-- The wallet was never created; every other of these users has a running booster too.
with faulty as (
    select user_id, has_running_booster
    from sandbox.spoilable_wallets
    where streakshield_count > 0
    order by row_number() over (partition by has_running_booster order by user_number), user_number
    limit {wallets}
),

recorded as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'missing_wallet' from faulty
    union all
    select '{fault}', user_id, 'xp_booster', 'missing_wallet' from faulty where has_running_booster
)

delete from user_wallet_balances where user_id in (select user_id from faulty);
