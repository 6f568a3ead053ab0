select rename_customers('backup', 1, 20);
select rename_customers('flight', 21, 25);
-- All that was claimed in some hours is lost, of ten users two claims;
-- five of these users claimed again since.
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select
    'new-' || n, user_id, 'consumable_streakshield_1',
    date_trunc('hour', now()) - interval '9 hours' + n * interval '1 minute'
from customers where n <= 25;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select
    'new-again-' || n, user_id, 'consumable_streakshield_1',
    date_trunc('hour', now()) - interval '7 hours' + n * interval '1 minute'
from customers where n <= 10;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'newer-' || n, user_id, 'consumable_streakshield_1', now() - interval '1 hour'
from customers where user_id like 'flight-%';
update user_wallet_balances set streakshield_count = 2, updated_at = now() - interval '1 hour'
where user_id like 'flight-%';
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at
from purchase_claims
where tx_id like 'new%';
