select rename_customers('spender', 1, 200);
select rename_customers('lost', 201, 208);
create table shield_uses (
    use_id bigint generated always as identity, user_id text, used_at timestamptz
);
insert into shield_uses (user_id, used_at)
select user_id, now() - n * interval '20 minutes' - interval '4 hours'
from customers
where user_id like 'spender-%';
update user_wallet_balances as wallets set streakshield_count = 0, updated_at = used_at
from shield_uses where shield_uses.user_id = wallets.user_id;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'new-' || n, user_id, 'consumable_streakshield_1', now() - (n - 190) * interval '1 hour'
from customers
where user_id like 'lost-%';
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at
from purchase_claims
where tx_id like 'new-%';
