-- Grain: one row a schema that holds the wallet models.
-- A look back's schema only where it is asked for.
select pg_namespace.nspname as schema_name
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_class.relname = 'rpt_wallet_build'
    and pg_class.relkind in ('r', 'v', 'm', 'p')
    and case
        when %(models_schema)s::text is null then right(pg_namespace.nspname, 6) <> '_as_of'
        else pg_namespace.nspname = %(models_schema)s::text
    end
order by pg_namespace.nspname
