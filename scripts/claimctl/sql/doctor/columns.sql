-- Written by `make generate` from the macro doctor_columns: change that.
with

columns as (
    select *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, name text, item text, column_name text, relation text, table_id oid,
        table_kind text, column_number int2, expression text, refused text, is_optional boolean,
        is_mapped_to_null boolean, is_read boolean, is_read_source boolean
    )
    where is_read_source and table_id is not null and (is_read or not is_optional)
),

findings as (
    select
        'error' as state,
        relation || ' has no column ' || quote_ident(column_name) || '.' as finding,
        case
            when item is null
                then 'Map it: claim_service_columns: {{'
                    || source || ': {{' || name || ': its name}}}}'
                    || case when is_optional then ', or null where there is none.' else '.' end
            else 'Name the column of ' || item || ' in the var wallet_items.'
        end || ' The table has ' || (
            select string_agg(pg_attribute.attname, ', ' order by pg_attribute.attnum)
            from pg_catalog.pg_attribute
            where pg_attribute.attrelid = columns.table_id
                and pg_attribute.attnum > 0
                and not pg_attribute.attisdropped
        ) || '.' as advice
    from columns
    where column_number is null and expression is null and not is_mapped_to_null
    union all
    select
        'error',
        'claim_service_columns maps ' || source || '.' || name
        || ' to null, but the models cannot do without it.',
        'Name the column that holds it: claim_service_columns: {{' || source || ': {{' || name
        || ': its name}}}}.'
    from columns
    where is_mapped_to_null
    union all
    select
        'error',
        'claim_service_columns maps ' || source || '.' || name || ' to ' || expression
        || ', which PostgreSQL refuses: ' || refused || '.',
        'Name a column, or write an expression over the columns of ' || relation
        || '; functions of your own need their schema.'
    from columns
    where refused is not null
)

select * from findings
union all
select
    'ok',
    'All ' || count(*) || ' columns that the models read are there.',
    null
from columns
where not exists (select from findings)
having count(*) > 0
