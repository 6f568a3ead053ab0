-- Grain: one row a schema that holds the catalogue, the models' own first.
select pg_namespace.nspname as schema_name
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_class.relname = %(name)s
    and pg_class.relkind in ('r', 'v', 'm', 'p', 'f')
order by pg_namespace.nspname <> %(models)s, pg_namespace.nspname
