create table outage as select date_trunc('hour', now()) - interval '10 hours' as began_at;
select rename_customers('shield', 1, 12);
select rename_customers('booster', 13, 20);
select rename_customers('byhand', 21, 23);
select rename_customers('overcap', 24, 27);
select rename_customers('refunded', 28, 30);
select rename_customers('shared', 31, 32);
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'late-' || n, user_id,
    case
        when user_id like 'booster-%' then 'consumable_xp_booster_7d'
        else 'consumable_streakshield_1'
    end,
    'NON_RENEWING_PURCHASE', began_at + n * interval '3 minutes'
from customers, outage where n <= 32;
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select 'late-' || n, user_id, 'consumable_streakshield_1', 'REFUND', began_at + interval '3 hours'
from customers, outage where user_id like 'refunded-%'
union all
select
    'late-' || n, 'customer-2999', 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    began_at + n * interval '3 minutes'
from customers, outage where user_id like 'shared-%';
-- They had one in that very hour; support gave three by hand since.
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'other-' || n, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    began_at + interval '1 minute'
from customers, outage where user_id like 'overcap-%';
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, purchased_at from audit_purchases where tx_id like 'other-%';
update user_wallet_balances
set streakshield_count = 2, updated_at = began_at + interval '1 minute'
from outage
where user_id like 'overcap-%';
update user_wallet_balances set streakshield_count = 2, updated_at = now() - interval '4 hours'
where user_id like 'byhand-%';
