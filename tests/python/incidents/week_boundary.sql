-- Monday two weeks ago at 2 o'clock in UTC, when it is Sunday in Honolulu.
select rename_customers('honolulu', 1, 2);
select rename_customers('greedy', 3, 5);
create table weeks as select date_trunc('week', now(), 'UTC') - interval '14 days' as monday;
delete from audit_purchases where user_id ~ '^(honolulu|greedy)-';
delete from purchase_claims where user_id ~ '^(honolulu|greedy)-';
update user_wallet_balances set time_zone = 'Pacific/Honolulu' where user_id like 'honolulu-%';
update user_wallet_balances set time_zone = 'UTC' where user_id like 'greedy-%';
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select
    'first-' || user_id, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    monday + interval '2 hours'
from customers, weeks where n <= 5
union all
select
    'second-' || user_id, user_id, 'consumable_streakshield_1', 'NON_RENEWING_PURCHASE',
    monday + interval '60 hours'
from customers, weeks where n <= 5
union all
select
    'second-' || user_id, user_id, 'consumable_streakshield_1', 'REFUND',
    monday + interval '70 hours'
from customers, weeks where n = 2;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, purchased_at from audit_purchases where tx_id like 'first-%';
update user_wallet_balances set updated_at = monday + interval '2 hours' from weeks
where user_id ~ '^(honolulu|greedy)-';
