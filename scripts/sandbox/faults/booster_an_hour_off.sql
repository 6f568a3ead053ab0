-- Seven days instead of 168 hours, across a change of the clocks: an hour too many or too few.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select
        '{fault}',
        user_id,
        'xp_booster',
        case when row_number() over (order by user_number) % 2 = 0 then 'short' else 'excess' end
    from sandbox.spoilable_wallets
    where has_running_booster
    order by user_number
    limit {wallets}
    returning user_id, discrepancy_type
)

update user_wallet_balances as wallets
set xp_booster_until = wallets.xp_booster_until
    + case faulty.discrepancy_type when 'short' then -1 else 1 end * interval '1 hour'
from faulty
where wallets.user_id = faulty.user_id;
