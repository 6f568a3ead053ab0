-- Weeks of a service that did everything right; the last claim is {quiet_hours} hours old, so that
-- every user is settled.
select setseed(0.168);

-- The vacuum that comes next marks no page as visible to all before its commit is written.
set local synchronous_commit = on;

create temporary table history_claims on commit drop as
with

weeks as (
    select
        users.user_id,
        (date_trunc('week', now() at time zone 'UTC') - week * interval '168 hours')
            at time zone 'UTC' as week_start
    from sandbox.users
    cross join generate_series(0, 11) as week
    where users.user_number % 50 <> 0
),

shields as (
    select
        user_id,
        'consumable_streakshield_1' as sku,
        week_start + random() * interval '168 hours' as claimed_at
    from weeks
    where random() < 0.25
),

boosters as (
    select
        weeks.user_id,
        'consumable_xp_booster_7d' as sku,
        weeks.week_start + random() * interval '168 hours' as claimed_at
    from weeks
    cross join generate_series(1, 3)
    where random() < 0.08
),

shields_of_a_month as (
    select
        *,
        row_number() over (
            partition by user_id, date_trunc('month', claimed_at at time zone 'UTC')
            order by claimed_at
        ) as claim_number
    from shields
),

claims as (
    select user_id, sku, claimed_at from shields_of_a_month where claim_number <= 3
    union all
    select user_id, sku, claimed_at from boosters
)

select 'history ' || row_number() over (order by claimed_at) as tx_id, user_id, sku, claimed_at
from claims
where claimed_at < now() - {quiet_hours} * interval '1 hour';

insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id, user_id, sku, claimed_at from history_claims;

insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at - random() * interval '5 seconds'
from history_claims;

-- Every fiftieth user never claimed anything and has an empty wallet.
insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
select
    users.user_id,
    count(*) filter (where claims.sku = 'consumable_streakshield_1'),
    max(claims.claimed_at) filter (where claims.sku = 'consumable_xp_booster_7d')
        + interval '168 hours',
    coalesce(max(claims.claimed_at), now() - interval '2016 hours')
from sandbox.users
left join history_claims as claims on users.user_id = claims.user_id
group by users.user_id;

-- Each claim is a request that was answered; besides them some were beyond a cap, and a few failed.
insert into function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)
select
    requests.requested_at, 'claim', requests.status_code, 40 - 60 * ln(1 - random()),
    requests.error_code
from history_claims as claims
cross join lateral (
    select claims.claimed_at as requested_at, 200 as status_code, null as error_code
    union all
    select claims.claimed_at + interval '30 seconds', 409, 'cap_exceeded'
    where claims.sku = 'consumable_streakshield_1' and random() < 0.02
    union all
    select claims.claimed_at - interval '30 seconds', 500, 'internal_error'
    where claims.sku is not null and random() < 0.0005
) as requests;

-- An incident that was over two hours ago: for 25 minutes every sixth request failed. Most were
-- retries, known claims.
create table sandbox.incidents (
    function_name text primary key,
    started_at timestamptz not null,
    ended_at timestamptz not null
);

insert into sandbox.incidents (function_name, started_at, ended_at)
select 'claim', ended_at - interval '25 minutes', ended_at
from (select date_trunc('minute', now()) - interval '2 hours' as ended_at) as incident;

insert into function_metrics ("timestamp", function_name, status_code, duration_ms, error_code)
select
    requests.requested_at,
    requests.function_name,
    case when requests.failed then 500 else 200 end,
    case when requests.failed then 900 else 40 end - 60 * ln(1 - random()),
    case when requests.failed then 'internal_error' end
from (
    select
        incidents.function_name,
        requested_at,
        request_number % 6 = 0
        and requested_at >= incidents.started_at
        and requested_at < incidents.ended_at as failed
    from sandbox.incidents
    cross join generate_series(
        incidents.started_at - interval '30 minutes', incidents.ended_at + interval '29 minutes',
        interval '7.5 seconds'
    ) with ordinality as series (requested_at, request_number)
) as requests;
