-- Grain: one row a model of those named that the schema holds.
select pg_class.relname as name
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = %(models)s and pg_class.relname = any(%(names)s)
