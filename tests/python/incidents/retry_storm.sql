select rename_customers('storm', 1, 25);
select rename_customers('gift', 26, 32);
-- Bought this morning and credited up to three times; two of seven gifts were given in that hour.
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'storm-' || n, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    now() - interval '6 hours'
from customers where user_id like 'storm-%';
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, purchased_at from audit_purchases where tx_id like 'storm-%';
update user_wallet_balances
set streakshield_count = 3 + length(user_id) % 2, updated_at = now() - interval '310 minutes'
where user_id like 'storm-%';
update user_wallet_balances
set
    streakshield_count = 3,
    updated_at = now() - case
        when user_id < 'gift-28' then interval '5 hours'
        else interval '2 days'
    end
where user_id like 'gift-%';
