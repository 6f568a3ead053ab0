-- A booster that was bought while one ran was added to its end, as the other policy has it.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'xp_booster', 'excess'
    from sandbox.spoilable_wallets
    where has_running_booster and has_overlapping_boosters
    order by user_number
    limit {wallets}
    returning user_id
)

update user_wallet_balances as wallets
set xp_booster_until = wallets.xp_booster_until + interval '168 hours'
from faulty
where wallets.user_id = faulty.user_id;
