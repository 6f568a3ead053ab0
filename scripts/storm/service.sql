-- A service whose wallets are right but for every third one, all of them settled;
-- the models name every user.
set local storm.op = 'beginning';
insert into public.purchase_claims (tx_id, user_id, sku, claimed_at)
select
    'old-' || n || '-' || k, 'user-' || to_char(n, 'fm0000'),
    case when k % 4 = 0 then 'consumable_xp_booster_7d' else 'consumable_streakshield_1' end,
    now() - interval '30 hours' - k * interval '1 hour'
from generate_series(1, {users}) as n
cross join lateral generate_series(1, 1 + n % 5) as k
where n % 10 > 0;

insert into public.user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
select
    user_id,
    count(*) filter (where sku like '%shield%') + case
        when hashtext(user_id) % 3 = 0 then 1 - 2 * (count(*) % 2)
        else 0
    end,
    max(claimed_at + interval '168 hours') filter (where sku like '%booster%'),
    now() - interval '29 hours'
from public.purchase_claims
group by user_id
having hashtext(user_id) % 7 <> 0;

insert into {models}.fct_wallet_discrepancies (
    user_id, item, discrepancy_type, is_settled, built_at
)
select 'user-' || to_char(n, 'fm0000'), item, 'short', true, now()
from generate_series(1, {users}) as n, unnest(array['streakshield', 'xp_booster']) as item;

update public.sku_limits set weekly_cap = null, monthly_cap = null;
