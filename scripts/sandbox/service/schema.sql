-- The claim service's tables as Supabase has them. {user_id_type} is uuid or text.
create table purchase_claims (
    tx_id text primary key,
    user_id {user_id_type} not null,
    sku text not null,
    claimed_at timestamptz not null default now()
);

-- The service counts a user's claims of a SKU by time, for the caps.
create index purchase_claims_user_id_sku_claimed_at_idx
    on purchase_claims (user_id, sku, claimed_at);

create table user_wallet_balances (
    user_id {user_id_type} primary key,
    streakshield_count int default 0,
    xp_booster_until timestamptz,
    updated_at timestamptz default now()
);

create table audit_purchases (
    tx_id text not null,
    user_id {user_id_type} not null,
    sku text not null,
    status text not null,
    purchased_at timestamptz not null default now()
);

create index audit_purchases_tx_id_idx on audit_purchases (tx_id);
create index audit_purchases_user_id_idx on audit_purchases (user_id);

create table function_metrics (
    "timestamp" timestamptz not null default now(),
    function_name text not null,
    status_code int not null,
    duration_ms double precision not null,
    error_code text
);

create index function_metrics_timestamp_idx on function_metrics ("timestamp");

create table store_config (
    key text primary key,
    value jsonb not null
);

insert into store_config (key, value) values (
    'sku_enabled', '{"consumable_streakshield_1": true, "consumable_xp_booster_7d": true}'
);

create table wallet_adjustments (
    adjustment_id text primary key,
    user_id {user_id_type} not null,
    item text not null,
    quantity int not null,
    adjusted_at timestamptz not null default now()
);

create table queued_purchases (
    queue_id bigint generated always as identity primary key,
    tx_id text not null,
    user_id {user_id_type} not null,
    sku text not null,
    received_at timestamptz not null default now()
);
