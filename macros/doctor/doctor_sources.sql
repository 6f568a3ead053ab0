{% macro doctor_sources(columns) %}
    {#- What doctor says of the service's tables: whether they are there,
        and of a kind that can be read and written. -#}
with

sources as (
    select distinct *
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, relation text, table_id oid, table_kind text, is_read_source boolean
    )
    where is_read_source
),

-- Optional tables and columns, found by looking.
optional as (
    select distinct
        case when is_optional_source then source else source || '.' || name end as part,
        case when is_optional_source then is_read_source else is_read end as is_read
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, name text, is_optional boolean, is_optional_source boolean, is_read boolean,
        is_read_source boolean
    )
    where is_optional_source or is_optional
),

missing as (
    {{ claim_reconciliation.missing_sources(columns) | indent(4) }}
),

findings as (
    select * from missing
    union all
    {{ claim_reconciliation.unfit_sources() | indent(4) }}
)

select * from findings
union all
select
    'ok',
    string_agg(
        relation || case when table_kind in ('v', 'm') then ' (a view)' else '' end,
        ', ' order by relation
    ) || ' are there.',
    null
from sources
where not exists (select from findings)
having count(*) > 0
union all
select
    'info',
    'Optional: ' || string_agg(
        part || case when is_read then ' is read' else ' is not there' end, ', ' order by part
    ) || '.',
    null
from optional
{% endmacro %}


{% macro missing_sources(columns) %}
    {#- What doctor and each build say of tables of the service that are not there. -#}
with

wanted as (
    select distinct *
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, table_name text, relation text, table_id oid, is_optional_source boolean,
        is_read_source boolean
    )
    where is_read_source and table_id is null
),

elsewhere as (
    select
        wanted.source,
        string_agg(pg_namespace.nspname, ', ' order by pg_namespace.nspname) as schemas
    from wanted
    inner join pg_catalog.pg_class
        on wanted.table_name = pg_class.relname and pg_class.relkind in ('r', 'p')
    inner join pg_catalog.pg_namespace
        on pg_class.relnamespace = pg_namespace.oid
        and pg_namespace.nspname not in ('pg_catalog', 'information_schema')
    group by wanted.source
)

select
    'error' as state,
    relation || ' does not exist.' as finding,
    coalesce(
        'A table of that name is in the schema ' || schemas
        || ': set the var claim_service_schema.',
        'Set the vars claim_service_schema or claim_service_tables to where the service '
        || 'keeps its ' || source || '.'
    ) || case
        when is_optional_source
            then ' Without such a table leave has_' || source || ' unset, or set it to false.'
        else ''
    end as advice
from wanted
left join elsewhere using (source)
{%- endmacro %}


{% macro unfit_sources() -%}
    {#- The findings of doctor_sources on relations that are no tables.
        A view may stand for what is only read. -#}
{%- set is_only_read = claim_reconciliation.is_only_read('source') -%}
select
    'error',
    relation || ' is a ' || case table_kind when 'v' then '' else 'materialized ' end
    || 'view: one that filters reads as missing claims, without an error.',
    'Map the table behind it: claim_service_tables: {' || source || ': schema.table}.'
from sources
where table_kind in ('v', 'm') and not {{ is_only_read }}
union all
select
    'error',
    relation || ' is a view that is read with the rights of the login that asks '
    || '(security_invoker): each would see other rows.',
    'As its owner: alter view ' || relation || ' set (security_invoker = false);'
from sources
inner join pg_catalog.pg_class on sources.table_id = pg_class.oid
where table_kind = 'v' and {{ is_only_read }}
    and exists (
        select from pg_options_to_table(pg_class.reloptions) as options
        where options.option_name = 'security_invoker' and options.option_value::boolean
    )
union all
select
    'warning',
    relation
    || ' is a foreign table: the models read it, but its rows cannot be locked for a repair.',
    'Connect to the server that holds the table.'
from sources
where table_kind = 'f' and not {{ is_only_read }}
{%- endmacro %}
