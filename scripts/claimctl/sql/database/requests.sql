-- Grain: one row, the schema whose int_claim_requests this login may read,
-- and whether there is one at all.
select
    count(*) > 0 as is_built,
    min(pg_namespace.nspname) filter (
        where
            has_schema_privilege(pg_namespace.oid, 'usage')
            and has_table_privilege(pg_class.oid, 'select')
    ) as schema_name
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_class.relname = 'int_claim_requests' and pg_namespace.nspname = any(%(schemas)s)
