-- The service died between the claim's commit and the wallet's, and its log says so.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'short'
    from sandbox.spoilable_wallets
    where last_sku = 'consumable_streakshield_1' and previous_claimed_at is not null
    order by user_number
    limit {wallets}
    returning user_id
),

log as (
    update function_metrics as metrics
    set status_code = 500, error_code = 'wallet_update_error'
    from faulty
    inner join sandbox.spoilable_wallets on faulty.user_id = spoilable_wallets.user_id
    where metrics."timestamp" = spoilable_wallets.last_claimed_at and metrics.status_code = 200
)

update user_wallet_balances as wallets
set
    streakshield_count = wallets.streakshield_count - 1,
    updated_at = spoilable_wallets.previous_claimed_at
from faulty
inner join sandbox.spoilable_wallets on faulty.user_id = spoilable_wallets.user_id
where wallets.user_id = faulty.user_id;
