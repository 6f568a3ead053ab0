-- Somebody wrote to the wallets long after the last claim. Two thirds have too little now, which
-- looks like a spent shield as long as spends are not recorded; one third has too much. One wallet
-- at a time, minutes apart.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select
        '{fault}',
        user_id,
        'streakshield',
        case when row_number() over (order by user_number) % 3 = 0 then 'excess' else 'short' end
    from sandbox.spoilable_wallets
    where streakshield_count > 0 and last_claimed_at < now() - interval '40 hours'
    order by user_number
    limit {wallets}
    returning user_id, discrepancy_type
),

edits as (
    select *, row_number() over (order by user_id) * interval '7 minutes' as before_the_last
    from faulty
)

update user_wallet_balances as wallets
set
    streakshield_count = wallets.streakshield_count
        + case edits.discrepancy_type when 'short' then -1 else 5 end,
    updated_at = now() - interval '28 hours' - edits.before_the_last
from edits
where wallets.user_id = edits.user_id;
