-- The service died between the claim's commit and the wallet's.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'short'
    from sandbox.spoilable_wallets
    where last_sku = 'consumable_streakshield_1' and previous_claimed_at is not null
    order by user_number
    limit {wallets}
    returning user_id
)

update user_wallet_balances as wallets
set
    streakshield_count = wallets.streakshield_count - 1,
    updated_at = spoilable_wallets.previous_claimed_at
from faulty
inner join sandbox.spoilable_wallets on faulty.user_id = spoilable_wallets.user_id
where wallets.user_id = faulty.user_id;
