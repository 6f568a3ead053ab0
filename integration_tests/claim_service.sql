-- The corner shop's claim service: other schemas, names and types than the package expects by
-- default. All is right.
create schema billing;
create schema app;

create table billing.claimed_purchases (
    transaction_id text primary key,
    customer_id uuid not null,
    sku text not null,
    claimed_on timestamptz not null
);

create table app.wallets (
    customer_id uuid primary key,
    shields int not null,
    "Booster Until" timestamptz,
    hint_packs bigint,
    "Changed At" timestamptz not null
);

create table billing.audit_purchases (
    tx_id text,
    user_id uuid,
    sku text,
    status text,
    purchased_at timestamptz
);

create table billing.function_metrics (
    requested_on timestamp,
    function_name text,
    status_code int,
    duration_ms int
);

create table billing.store_config (
    key text primary key,
    value jsonb not null
);

create table app.coin_claims (
    customer_id uuid,
    packs int,
    coins_per_pack int
);

create table app.coin_wallets (
    customer_id uuid primary key,
    coins int
);

insert into billing.claimed_purchases (transaction_id, customer_id, sku, claimed_on)
select
    sku || '-' || customer,
    ('00000000-0000-0000-0000-00000000000' || customer)::uuid,
    sku,
    now() - interval '2 days'
from generate_series(1, 5) as customer
cross join unnest(array['shield', 'shield_box', 'booster_week', 'hint_pack_10']) as sku;

insert into billing.audit_purchases (tx_id, user_id, sku, status, purchased_at)
select transaction_id, customer_id, sku, 'NON_RENEWING_PURCHASE', claimed_on
from billing.claimed_purchases;

insert into app.wallets (customer_id, shields, "Booster Until", hint_packs, "Changed At")
select
    customer_id,
    6,
    max(claimed_on) + interval '168 hours',
    10,
    max(claimed_on)
from billing.claimed_purchases
group by customer_id;

insert into app.coin_claims (customer_id, packs, coins_per_pack)
select
    customer_id,
    packs,
    50
from app.wallets
cross join generate_series(1, 2) as packs;

insert into app.coin_wallets (customer_id, coins)
select
    customer_id,
    150
from app.wallets;
