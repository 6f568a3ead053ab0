-- What the service itself keeps of each change, in the transaction of the change:
-- the checker's ground truth.
create schema storm;

create table storm.wallets (
    seq bigint generated always as identity,
    user_id text not null,
    op text,
    login name not null default session_user,
    xid xid8 not null default pg_current_xact_id(),
    began_at timestamptz not null default now(),
    written_at timestamptz not null default clock_timestamp(),
    before jsonb,
    after jsonb
);

create table storm.ledger (
    seq bigint generated always as identity,
    source text not null,
    id text not null,
    user_id text not null,
    sku text not null,
    quantity int,
    at timestamptz not null,
    is_insert boolean not null,
    op text,
    login name not null default session_user,
    xid xid8 not null default pg_current_xact_id(),
    began_at timestamptz not null default now()
);

create table storm.switch (
    seq bigint generated always as identity,
    login name not null default session_user,
    began_at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    before jsonb not null,
    after jsonb not null
);

create function storm.op() returns text
language sql stable as $$ select nullif(current_setting('storm.op', true), '') $$;

create function storm.keep_wallet() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
begin
    insert into storm.wallets (user_id, op, before, after)
    values (
        coalesce(new.user_id, old.user_id), storm.op(),
        case when tg_op <> 'INSERT' then to_jsonb(old) end,
        case when tg_op <> 'DELETE' then to_jsonb(new) end
    );
    return null;
end
$$;

create function storm.keep_claim() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_claim public.purchase_claims := coalesce(new, old);
begin
    insert into storm.ledger (source, id, user_id, sku, at, is_insert, op)
    values (
        'claim', v_claim.tx_id, v_claim.user_id, v_claim.sku, v_claim.claimed_at, tg_op = 'INSERT',
        storm.op()
    );
    return null;
end
$$;

create function storm.keep_adjustment() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into storm.ledger (source, id, user_id, sku, quantity, at, is_insert, op)
    values (
        'adjustment', new.adjustment_id, new.user_id, new.item, new.quantity, new.adjusted_at, true,
        storm.op()
    );
    return null;
end
$$;

create function storm.keep_switch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into storm.switch (before, after) values (old.value, new.value);
    return null;
end
$$;

create trigger storm_keeps_it after insert or update or delete on public.user_wallet_balances
for each row execute function storm.keep_wallet();
create trigger storm_keeps_it after insert or update or delete on public.purchase_claims
for each row execute function storm.keep_claim();
create trigger storm_keeps_it after insert on public.wallet_adjustments
for each row execute function storm.keep_adjustment();
create trigger storm_keeps_it after update on public.store_config
for each row when (new.key = 'sku_enabled') execute function storm.keep_switch();
