insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select now() - interval '90 minutes' - n * interval '2 seconds', 'claim', 200, 50
from generate_series(1, 900) as n;
revoke insert on function_metrics from shop_service;
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'quiet-' || n, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    now() - n * interval '1 minute' - interval '3 minutes'
from customers where n <= 60;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, purchased_at from audit_purchases where tx_id like 'quiet-%';
update user_wallet_balances as wallets set streakshield_count = 2, updated_at = claimed_at
from purchase_claims as claims where claims.user_id = wallets.user_id and tx_id like 'quiet-%';
