{% macro source_columns(table) %}
    {#- The columns of a source table as they are in the database, name -> {base, schema, type, kind}: a domain is the type
        below it, an enum is `enum`. Empty while dbt parses, and where there is no such table. -#}
    {%- set columns = {} -%}
    {%- if execute -%}
        {%- set relation = claim_reconciliation.service_table(table) -%}
        {%- for row in run_query(claim_reconciliation.columns_query(relation.schema, relation.identifier)) -%}
            {%- do columns.update({row[0]: {'base': row[1], 'schema': row[2], 'type': row[3], 'kind': row[4]}}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}


{% macro columns_query(schema, table) %}
with recursive

columns as (
    select
        pg_attribute.attname,
        pg_attribute.atttypid as type_id,
        format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name,
        pg_class.relkind
    from pg_catalog.pg_attribute
    inner join pg_catalog.pg_class on pg_attribute.attrelid = pg_class.oid
    inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where
        pg_namespace.nspname = '{{ schema | replace("'", "''") }}'
        and pg_class.relname = '{{ table | replace("'", "''") }}'
        and pg_attribute.attnum > 0
        and not pg_attribute.attisdropped
    union all
    -- A domain is read as what it stands on.
    select columns.attname, pg_type.typbasetype, columns.type_name, columns.relkind
    from columns
    inner join pg_catalog.pg_type on columns.type_id = pg_type.oid
    where pg_type.typtype = 'd'
)

select
    columns.attname::text,
    case pg_type.typtype when 'e' then 'enum' else pg_type.typname::text end,
    quote_ident(pg_namespace.nspname),
    columns.type_name,
    columns.relkind::text
from columns
inner join pg_catalog.pg_type on columns.type_id = pg_type.oid
inner join pg_catalog.pg_namespace on pg_type.typnamespace = pg_namespace.oid
where pg_type.typtype <> 'd'
{% endmacro %}
