-- A trigger is no fault: most keep updated_at. But it runs inside a repair,
-- and may change what is written.
with

wallets as (
    select distinct
        columns.relation,
        columns.table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, relation text, table_id oid, table_kind text
    )
    where columns.source = 'user_wallet_balances' and columns.table_kind in ('r', 'p')
),

triggers as (
    select
        wallets.relation,
        pg_trigger.tgname,
        pg_get_triggerdef(pg_trigger.oid, true) as definition
    from wallets
    inner join pg_catalog.pg_trigger on wallets.table_id = pg_trigger.tgrelid
    where not pg_trigger.tgisinternal and pg_trigger.tgenabled <> 'D'
),

-- Tables that the guard writes to, with triggers whose functions bring no search_path of their own.
pathless as (
    select distinct
        columns.relation,
        pg_trigger.tgname,
        pg_proc.oid::regprocedure::text as function_name,
        pg_class.relnamespace::regnamespace::text as schema_name
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, relation text, table_id oid, table_kind text
    )
    inner join pg_catalog.pg_class on columns.table_id = pg_class.oid
    inner join pg_catalog.pg_trigger on columns.table_id = pg_trigger.tgrelid
    inner join pg_catalog.pg_proc on pg_trigger.tgfoid = pg_proc.oid
    where
        columns.source in ('user_wallet_balances', 'purchase_claims', 'store_config')
        and columns.table_kind in ('r', 'p')
        and not pg_trigger.tgisinternal and pg_trigger.tgenabled <> 'D'
        and not exists (
            select from unnest(pg_proc.proconfig) as setting where setting like 'search_path=%%'
        )
        and pg_proc.prosrc ~* (
            '\m(insert\s+into|update|delete\s+from|from|join|perform)\s+'
            || '"?[a-z_][a-z0-9_$]*"?(\s|;|\()'
        )
)

select
    'warning' as state,
    relation || ' has the trigger ' || tgname || ', whose function ' || function_name
    || ' names objects without their schema: a repair would fail there, since it runs with no '
    || 'schema of the service.' as finding,
    'alter function ' || function_name || ' set search_path = ' || schema_name
    || ', pg_temp;' as advice
from pathless
union all
select
    'info' as state,
    relation || ' has the trigger ' || tgname || '.' as finding,
    'Make sure that it leaves the items'' columns as they are written: ' || definition as advice
from triggers
union all
select
    'ok',
    'No trigger changes what is written to ' || relation || '.',
    null
from wallets
where not exists (select from triggers)
