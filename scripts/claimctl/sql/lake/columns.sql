-- Grain: one row a column of a table of the service, with the type on which its domain stands.
with

columns as (
    select
        pg_attribute.attrelid::bigint as table_id,
        pg_attribute.attnum as column_number,
        pg_attribute.attname::text as column_name,
        pg_attribute.atttypid as type_id,
        pg_attribute.atttypmod as type_modifier
    from pg_catalog.pg_attribute
    where pg_attribute.attrelid = any(%(table_ids)s::oid[])
        and pg_attribute.attnum > 0
        and not pg_attribute.attisdropped
)

select
    columns.table_id,
    columns.column_name,
    types.type_name,
    types.type_modifier
from columns
cross join lateral (
    with recursive stack as (
        select
            pg_type.typname,
            pg_type.typtype,
            pg_type.typbasetype,
            pg_type.typtypmod,
            columns.type_modifier
        from pg_catalog.pg_type
        where pg_type.oid = columns.type_id
        union all
        select
            pg_type.typname,
            pg_type.typtype,
            pg_type.typbasetype,
            pg_type.typtypmod,
            coalesce(nullif(stack.type_modifier, -1), stack.typtypmod)
        from stack
        inner join pg_catalog.pg_type on stack.typbasetype = pg_type.oid
        where stack.typtype = 'd'
    )

    select
        case stack.typtype when 'e' then 'enum' else stack.typname::text end as type_name,
        stack.type_modifier
    from stack
    where stack.typtype <> 'd'
) as types
order by columns.table_id, columns.column_number
