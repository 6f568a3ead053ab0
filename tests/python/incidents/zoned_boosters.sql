select rename_customers('zoned', 1, 20);
select rename_customers('longer', 21, 23);
select rename_customers('right', 24, 40);
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'boost-' || n, user_id, 'consumable_xp_booster_7d', 'NON_RENEWING_PURCHASE',
    now() - (n + 10) * interval '1 hour'
from customers where n <= 40;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, purchased_at from audit_purchases where tx_id like 'boost-%';
update user_wallet_balances as wallets
set
    xp_booster_until = claimed_at + interval '168 hours'
    + case split_part(wallets.user_id, '-', 1)
        when 'zoned' then interval '-8 hours'
        when 'longer' then interval '72 hours'
        else interval '0'
    end,
    updated_at = claimed_at + interval '1 minute'
from purchase_claims as claims
where claims.user_id = wallets.user_id and claims.tx_id like 'boost-%';
