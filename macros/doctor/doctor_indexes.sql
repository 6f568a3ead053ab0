{% macro doctor_indexes(columns, settings) %}
    {#- What doctor says of indexes, by the rules of rpt_index_coverage. -#}
    {%- set zone = claim_reconciliation.doctor_metrics_zone(settings) %}
with

columns as (
    select *
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, name text, relation text, table_id oid, table_kind text, column_number int2,
        base_type text
    )
),

tables as (
    select distinct source, relation, table_id, table_kind
    from columns
    where table_kind in ('r', 'p')
),

listed as (
    {{ claim_reconciliation.needed_indexes(settings, zone) | indent(4) }}
),

-- A column that is missing is said once, by its own check.
needed as (
    select * from listed
    where (
        select count(columns.column_number)
        from columns
        where columns.source = listed.source and columns.name = any(listed.names)
    ) = cardinality(listed.names)
),

indexes as (
    {{ claim_reconciliation.server_indexes('tables') | indent(4) }}
),

matching as (
    {{ claim_reconciliation.indexes_for_needs('needed', 'tables', 'indexes') | indent(4) }}
),

findings as (
    {{ claim_reconciliation.missing_indexes() | indent(4) }}
)

select * from findings
union all
select
    'ok',
    'The ' || count(*) || ' indexes that the service needs are there.',
    null
from matching
where rank = 1 and not exists (select from findings)
having count(*) > 0
{% endmacro %}


{% macro missing_indexes() -%}
    {#- The findings of doctor_indexes. -#}
select
    case when is_being_built then 'info' when is_unique then 'error' else 'warning' end
        as state,
    relation || ' has no ' || case when is_unique then 'unique ' else '' end || 'index on ('
    || array_to_string(keys, ', ') || ')'
    || case when is_being_built then ' yet: it is being built.' else ': ' || reason || '.' end
        as finding,
    {{ claim_reconciliation.create_index_advice() | indent(4) }} as advice
from matching
where rank = 1 and is_valid is not true
{%- endmacro %}


{% macro doctor_metrics_zone(settings) -%}
    {#- The zone of the metrics' times where they have none of their own:
        they are compared in that of a var. -#}
(
        select coalesce(
            {{ settings }} #>> '{claim_service_time_zones, function_metrics}',
            {{ settings }} ->> 'metrics_time_zone'
        )
        from columns
        where source = 'function_metrics' and name = 'timestamp' and base_type = 'timestamp'
    )
{%- endmacro %}
