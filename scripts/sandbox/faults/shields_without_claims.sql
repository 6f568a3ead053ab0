-- Somebody was given shields that nobody claimed.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'excess'
    from sandbox.spoilable_wallets
    where last_claimed_at is null
    order by user_number
    limit {wallets}
    returning user_id
)

update user_wallet_balances as wallets
set streakshield_count = 2, updated_at = now() - interval '100 hours'
from faulty
where wallets.user_id = faulty.user_id;
