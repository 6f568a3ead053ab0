-- The store sent the purchase again after 40 minutes, and the wallet was credited once more.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'excess'
    from sandbox.spoilable_wallets
    where last_sku = 'consumable_streakshield_1'
    order by user_number
    limit {wallets}
    returning user_id
)

update user_wallet_balances as wallets
set
    streakshield_count = wallets.streakshield_count + 1,
    updated_at = wallets.updated_at + interval '40 minutes'
from faulty
where wallets.user_id = faulty.user_id;
