-- A claim of the last minutes whose other half is missing: every other service wrote the claim
-- first, the rest the wallet. The store's retry may still mend it, so it is no error yet.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type, in_flight)
    select
        '{fault}',
        user_id,
        'streakshield',
        case when row_number() over (order by user_number) % 2 = 0 then 'short' else 'excess' end,
        true
    from sandbox.spoilable_wallets
    where last_shield_claimed_at < now() - interval '744 hours'
    order by user_number
    limit {wallets}
    returning user_id, discrepancy_type
),

purchases as (
    insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
    select
        'in flight ' || user_id,
        user_id,
        'consumable_streakshield_1',
        'NON_RENEWING_PURCHASE',
        now() - interval '5 minutes'
    from faulty
),

claims as (
    insert into purchase_claims (tx_id, user_id, sku, claimed_at)
    select
        'in flight ' || user_id, user_id, 'consumable_streakshield_1', now() - interval '5 minutes'
    from faulty
    where discrepancy_type = 'short'
)

update user_wallet_balances as wallets
set streakshield_count = wallets.streakshield_count + 1, updated_at = now() - interval '5 minutes'
from faulty
where wallets.user_id = faulty.user_id and faulty.discrepancy_type = 'excess';
