-- The wallet holds no booster although one runs.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'xp_booster', 'short'
    from sandbox.spoilable_wallets
    where has_running_booster
    order by user_number
    limit {wallets}
    returning user_id
)

update user_wallet_balances as wallets
set xp_booster_until = null
from faulty
where wallets.user_id = faulty.user_id;
