-- Grain: one row, the schema of pg_stat_statements, where it is there and its library is loaded.
select pg_namespace.nspname as schema_name
from pg_catalog.pg_extension
inner join pg_catalog.pg_namespace on pg_extension.extnamespace = pg_namespace.oid
where
    pg_extension.extname = 'pg_stat_statements'
    and current_setting('pg_stat_statements.max', true) is not null
