-- Grain: one row a column that the models read of the claim service's tables, under its mapped name, with what the
-- database has in its place; an optional source that is switched off has is_read = false.
with

settings as (
    select %(settings)s::jsonb as vars
),

known_columns (source, name, type_family) as (
    values
    ('purchase_claims', 'tx_id', 'key'),
    ('purchase_claims', 'user_id', 'user_id'),
    ('purchase_claims', 'sku', 'text'),
    ('purchase_claims', 'claimed_at', 'time'),
    ('user_wallet_balances', 'user_id', 'user_id'),
    ('user_wallet_balances', 'updated_at', 'time'),
    ('audit_purchases', 'tx_id', 'key'),
    ('audit_purchases', 'user_id', 'user_id'),
    ('audit_purchases', 'sku', 'text'),
    ('audit_purchases', 'status', 'text'),
    ('audit_purchases', 'purchased_at', 'time'),
    ('function_metrics', 'timestamp', 'time'),
    ('function_metrics', 'function_name', 'text'),
    ('function_metrics', 'status_code', 'integer'),
    ('function_metrics', 'duration_ms', 'number'),
    ('function_metrics', 'error_code', 'text'),
    ('store_config', 'key', 'text'),
    ('store_config', 'value', 'jsonb'),
    ('wallet_adjustments', 'adjustment_id', 'key'),
    ('wallet_adjustments', 'user_id', 'user_id'),
    ('wallet_adjustments', 'item', 'text'),
    ('wallet_adjustments', 'quantity', 'integer'),
    ('wallet_adjustments', 'adjusted_at', 'time'),
    ('queued_purchases', 'queue_id', 'key'),
    ('queued_purchases', 'tx_id', 'key'),
    ('queued_purchases', 'user_id', 'user_id'),
    ('queued_purchases', 'sku', 'text'),
    ('queued_purchases', 'received_at', 'time')
),

mapped_columns as (
    select
        known_columns.*,
        null as item,
        coalesce(settings.vars #>> array['claim_service_columns', source, name], name) as column_name
    from known_columns
    cross join settings
    -- Mapped to null: the table has no such column, and none is read.
    where jsonb_typeof(settings.vars #> array['claim_service_columns', source, name]) is distinct from 'null'
    union all
    -- The wallet's item columns are named by wallet_items itself.
    select
        'user_wallet_balances',
        entry.value ->> 'column',
        case entry.value ->> 'kind' when 'quantity' then 'integer' when 'expiry' then 'time' end,
        entry.key,
        entry.value ->> 'column'
    from settings
    cross join jsonb_each(settings.vars -> 'wallet_items') as entry
    where entry.value ->> 'column' is not null
),

mapped_tables as (
    select
        mapped_columns.*,
        settings.vars,
        coalesce(settings.vars #>> array['claim_service_tables', source], source) as mapped_table
    from mapped_columns
    cross join settings
),

named as (
    select
        source,
        name,
        item,
        column_name,
        type_family,
        case
            when strpos(mapped_table, '.') > 0 then split_part(mapped_table, '.', 1)
            else vars ->> 'claim_service_schema'
        end as schema_name,
        regexp_replace(mapped_table, '^.*\.', '') as table_name,
        coalesce((vars ->> ('has_' || source))::boolean, true) as is_read
    from mapped_tables
)

select
    named.*,
    quote_ident(named.schema_name) || '.' || quote_ident(named.table_name) as relation,
    pg_class.oid::bigint as table_id,
    pg_class.relkind::text as table_kind,
    pg_attribute.attnum::int as column_number,
    pg_attribute.atttypid::bigint as type_id,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name
from named
left join pg_catalog.pg_namespace on named.schema_name = pg_namespace.nspname
left join pg_catalog.pg_class on pg_namespace.oid = pg_class.relnamespace and named.table_name = pg_class.relname
left join pg_catalog.pg_attribute
    on pg_class.oid = pg_attribute.attrelid
    and named.column_name = pg_attribute.attname
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by named.source, pg_attribute.attnum, named.name
