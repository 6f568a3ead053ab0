-- Which rows of the service's tables count: the conditions that are set,
-- and columns that look as if one were needed.
with

settings as (
    select coalesce(%(settings)s::jsonb -> 'claim_service_filters', '{{}}') as filters
),

tables as (
    select distinct
        source,
        relation,
        table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, relation text, table_id oid, is_read boolean
    )
    where is_read
        and table_id is not null
        and source in (
            'purchase_claims', 'user_wallet_balances', 'audit_purchases', 'wallet_adjustments',
            'queued_purchases', 'users'
        )
),

suspects as (
    select
        tables.source,
        tables.relation,
        string_agg(pg_attribute.attname, ', ' order by pg_attribute.attnum) as names
    from tables
    cross join settings
    inner join pg_catalog.pg_attribute on tables.table_id = pg_attribute.attrelid
    where pg_attribute.attnum > 0
        and not pg_attribute.attisdropped
        and pg_attribute.attname in (
            'deleted_at', 'is_deleted', 'deleted', 'environment', 'is_sandbox', 'sandbox',
            'is_test', 'test'
        )
        and not settings.filters ? tables.source
    group by tables.source, tables.relation
)

select
    'warning' as state,
    relation || ' has ' || names
    || ', and every row of it counts: one that was deleted or is of a test is given or '
    || 'taken like any other.' as finding,
    'Say which rows count, for example claim_service_filters: {{' || source || ': "'
    || case
        when names like '%%deleted_at%%' then 'deleted_at is null'
        when names like '%%environment%%' then 'environment = ''PRODUCTION'''
        else 'not ' || split_part(names, ', ', 1)
    end || '"}}; "true" where all do.' as advice
from suspects
union all
select
    'ok',
    'Of ' || filter.key || ' those rows count for which ' || filter.value || '.',
    null
from settings
cross join jsonb_each_text(settings.filters) as filter
