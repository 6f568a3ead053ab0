-- Grain: one row, the table that holds the catalogue: the models' own first. Where that is the
-- consumer's own, a login of the guard may not read it, and reads the guard's copy of the rules
-- that are installed.
with

candidates as (
    select
        pg_namespace.nspname as schema_name,
        pg_class.relname as table_name,
        has_schema_privilege(pg_namespace.oid, 'usage')
        and has_table_privilege(pg_class.oid, 'select') as is_readable,
        pg_namespace.nspname = 'claim_ops' as is_copy,
        row_number() over (
            partition by pg_namespace.nspname = 'claim_ops'
            order by pg_namespace.nspname <> %(models)s, pg_namespace.nspname
        ) as rank
    from pg_catalog.pg_class
    inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where
        pg_class.relkind in ('r', 'v', 'm', 'p', 'f')
        and (
            (pg_class.relname = %(name)s and pg_namespace.nspname <> 'claim_ops')
            or (pg_class.relname = 'sku_catalog' and pg_namespace.nspname = 'claim_ops')
        )
)

select
    schema_name,
    table_name
from candidates
where rank = 1
order by is_readable desc, is_copy
limit 1
