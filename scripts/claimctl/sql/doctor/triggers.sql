-- A trigger is no fault: most keep updated_at. But it runs inside a repair, and may change what is written.
with

wallets as (
    select distinct
        columns.relation,
        columns.table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (source text, relation text, table_id oid, table_kind text)
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
)

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
