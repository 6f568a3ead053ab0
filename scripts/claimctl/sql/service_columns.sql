-- Written by `make generate` from the macro source_columns: change that.
with

settings as (
    select %(settings)s::jsonb as vars
),

known_columns (source, name, type_family, is_optional) as (
    values
    ('purchase_claims', 'tx_id', 'key', False),
    ('purchase_claims', 'user_id', 'user_id', False),
    ('purchase_claims', 'sku', 'text', False),
    ('purchase_claims', 'claimed_at', 'time', False),
    ('purchase_claims', 'units', 'integer', True),
    ('user_wallet_balances', 'user_id', 'user_id', False),
    ('user_wallet_balances', 'updated_at', 'time', False),
    ('user_wallet_balances', 'time_zone', 'text', True),
    ('audit_purchases', 'tx_id', 'key', False),
    ('audit_purchases', 'user_id', 'user_id', False),
    ('audit_purchases', 'sku', 'text', False),
    ('audit_purchases', 'status', 'status', False),
    ('audit_purchases', 'purchased_at', 'time', False),
    ('audit_purchases', 'units', 'integer', True),
    ('function_metrics', 'timestamp', 'time', False),
    ('function_metrics', 'function_name', 'text', False),
    ('function_metrics', 'status_code', 'integer', False),
    ('function_metrics', 'duration_ms', 'number', False),
    ('function_metrics', 'error_code', 'text', True),
    ('store_config', 'key', 'text', False),
    ('store_config', 'value', 'jsonb', False),
    ('wallet_adjustments', 'adjustment_id', 'key', False),
    ('wallet_adjustments', 'user_id', 'user_id', False),
    ('wallet_adjustments', 'item', 'text', False),
    ('wallet_adjustments', 'quantity', 'integer', False),
    ('wallet_adjustments', 'adjusted_at', 'time', False),
    ('queued_purchases', 'queue_id', 'key', False),
    ('queued_purchases', 'tx_id', 'key', False),
    ('queued_purchases', 'user_id', 'user_id', False),
    ('queued_purchases', 'sku', 'text', False),
    ('queued_purchases', 'received_at', 'time', False),
    ('queued_purchases', 'units', 'integer', True),
    ('accepted_discrepancies', 'user_id', 'user_id', False),
    ('accepted_discrepancies', 'item', 'text', False),
    ('accepted_discrepancies', 'reason', 'text', False),
    ('accepted_discrepancies', 'accepted_by', 'text', False),
    ('accepted_discrepancies', 'accepted_until', 'time', False),
    ('users', 'user_id', 'user_id', False)
),

mapped_columns as (
    select
        known_columns.*,
        null as item,
        jsonb_typeof(settings.vars #> array['claim_service_columns', source, name]) as mapping_kind,
        coalesce(settings.vars #>> array['claim_service_columns', source, name], name)
            as column_name
    from known_columns
    cross join settings
    union all
    -- The wallet's item columns are named by wallet_items itself.
    select
        'user_wallet_balances',
        entry.value ->> 'column',
        case entry.value ->> 'kind' when 'quantity' then 'integer' when 'expiry' then 'time' end,
        false,
        entry.key,
        'string',
        entry.value ->> 'column'
    from settings
    cross join jsonb_each(settings.vars -> 'wallet_items') as entry
    where entry.value ->> 'column' is not null
),

named as (
    select
        mapped_columns.*,
        case
            when strpos(tables.mapped, '.') > 0 then split_part(tables.mapped, '.', 1)
            else settings.vars ->> 'claim_service_schema'
        end as schema_name,
        regexp_replace(tables.mapped, '^.*\.', '') as table_name,
        source in ('wallet_adjustments', 'queued_purchases', 'accepted_discrepancies', 'users')
            as is_optional_source,
        (settings.vars ->> ('has_' || source))::boolean as is_wanted,
        settings.vars #> array['claim_service_tables', source] is not null as is_mapped_source
    from mapped_columns
    cross join settings
    cross join lateral (
        select coalesce(
            settings.vars #>> array['claim_service_tables', mapped_columns.source],
            mapped_columns.source
        ) as mapped
    ) as tables
),

found as (
    select
        named.*,
        quote_ident(named.schema_name) || '.' || quote_ident(named.table_name) as relation,
        pg_class.oid::bigint as table_id,
        pg_class.relkind::text as table_kind,
        pg_attribute.attnum::int as column_number,
        pg_attribute.atttypid::bigint as type_id,
        format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name,
        types.base_type,
        types.type_schema,
        -- A name that is missing looks like one; what no name looks like is computed.
        case
            when
                pg_class.oid is not null and pg_attribute.attnum is null
                and named.mapping_kind = 'string'
                and named.source in (
                    'audit_purchases', 'function_metrics', 'wallet_adjustments',
                    'queued_purchases', 'accepted_discrepancies', 'users'
                )
                and named.column_name ~ '[^[:alnum:]_ $]'
                then '(' || named.column_name || ')'
        end as expression,
        not named.is_optional_source
        or coalesce(named.is_wanted, named.is_mapped_source or pg_class.oid is not null)
            as is_read_source
    from named
    left join pg_catalog.pg_namespace on named.schema_name = pg_namespace.nspname
    left join pg_catalog.pg_class
        on pg_namespace.oid = pg_class.relnamespace and named.table_name = pg_class.relname
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
    left join pg_catalog.pg_attribute
        on pg_class.oid = pg_attribute.attrelid and named.column_name = pg_attribute.attname
        and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    -- A domain is read as what it stands on.
    left join lateral (with recursive types as (
        select typname, typtype, typnamespace, typbasetype
        from pg_catalog.pg_type
        where oid = pg_attribute.atttypid
        union all
        select pg_type.typname, pg_type.typtype, pg_type.typnamespace, pg_type.typbasetype
        from types
        inner join pg_catalog.pg_type on types.typbasetype = pg_type.oid
        where types.typtype = 'd'
    )

    select
        case typtype when 'e' then 'enum' else typname::text end as base_type,
        typnamespace::regnamespace::text as type_schema
    from types
    where typtype <> 'd')
        as types on true
)

select
    source,
    name,
    item,
    column_name,
    type_family,
    is_optional,
    is_optional_source,
    schema_name,
    table_name,
    relation,
    table_id,
    table_kind,
    column_number,
    type_id,
    type_name,
    base_type,
    type_schema,
    expression,
    case
        when expression is not null
            then format($probe$
    select
        probed.type_id::bigint as type_id, format_type(probed.type_id, null) as type_name,
        bases.base_type, bases.type_schema
    from (
        select pg_typeof(read.value)::oid as type_id
        from (
            select %%s as value from (values (1)) as one (number)
            left join %%s as stored on true limit 1
        ) as read
    ) as probed
    left join lateral (with recursive types as (
        select typname, typtype, typnamespace, typbasetype
        from pg_catalog.pg_type
        where oid = probed.type_id
        union all
        select pg_type.typname, pg_type.typtype, pg_type.typnamespace, pg_type.typbasetype
        from types
        inner join pg_catalog.pg_type on types.typbasetype = pg_type.oid
        where types.typtype = 'd'
    )

    select
        case typtype when 'e' then 'enum' else typname::text end as base_type,
        typnamespace::regnamespace::text as type_schema
    from types
    where typtype <> 'd') as bases on true
    $probe$, expression, relation)
    end as probe,
    is_read_source,
    mapping_kind is not distinct from 'null' as is_mapped_to_null,
    -- A column that is named and missing is an error;
    -- one that has only its default name may be missing.
    is_read_source and mapping_kind is distinct from 'null'
    and (not is_optional or mapping_kind is not null or column_number is not null) as is_read
from found
order by source, column_number, name
