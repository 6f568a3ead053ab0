with

sources as (
    select distinct *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, schema_name text, table_name text, relation text, table_id oid, table_kind text, is_optional_source boolean,
        is_read_source boolean
    )
    where is_read_source
),

-- Optional tables and columns, found by looking.
optional as (
    select distinct
        case when is_optional_source then source else source || '.' || name end as part,
        case when is_optional_source then is_read_source else is_read end as is_read
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, name text, is_optional boolean, is_optional_source boolean, is_read boolean, is_read_source boolean
    )
    where is_optional_source or is_optional
),

elsewhere as (
    select
        sources.source,
        string_agg(pg_namespace.nspname, ', ' order by pg_namespace.nspname) as schemas
    from sources
    inner join pg_catalog.pg_class on sources.table_name = pg_class.relname and pg_class.relkind in ('r', 'p')
    inner join pg_catalog.pg_namespace
        on pg_class.relnamespace = pg_namespace.oid
        and pg_namespace.nspname not in ('pg_catalog', 'information_schema')
    group by sources.source
),

findings as (
    select
        'error' as state,
        relation || ' does not exist.' as finding,
        coalesce(
            'A table of that name is in the schema ' || schemas || ': set the var claim_service_schema.',
            'Set the vars claim_service_schema or claim_service_tables to where the service keeps its ' || source || '.'
        ) || case
            when is_optional_source
                then ' Without such a table leave has_' || source || ' unset, or set it to false.'
            else ''
        end as advice
    from sources
    left join elsewhere using (source)
    where table_id is null
    union all
    select
        'error',
        relation || ' is a ' || case table_kind when 'v' then '' else 'materialized ' end
        || 'view: one that filters reads as missing claims, without an error.',
        'Map the table behind it: claim_service_tables: {{' || source || ': schema.table}}.'
    from sources
    where table_kind in ('v', 'm')
    union all
    select
        'warning',
        relation || ' is a foreign table: the models read it, but its rows cannot be locked for a repair.',
        'Connect to the server that holds the table.'
    from sources
    where table_kind = 'f'
    union all
    select
        'error',
        relation || ' is no table.',
        'Set the var claim_service_tables to the table that holds ' || source || '.'
    from sources
    where table_kind not in ('r', 'p', 'v', 'm', 'f')
)

select * from findings
union all
select
    'ok',
    string_agg(relation, ', ' order by relation) || ' are tables.',
    null
from sources
where not exists (select from findings)
having count(*) > 0
union all
select
    'info',
    'Optional: ' || string_agg(part || case when is_read then ' is read' else ' is not there' end, ', ' order by part) || '.',
    null
from optional
