{% macro doctor_vacuum(columns) %}
    {#- What doctor says of vacuum, by the rules of rpt_table_maintenance. -#}
with

tables as (
    select distinct source, relation, table_id
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, relation text, table_id oid, table_kind text
    )
    where table_kind in ('r', 'p')
),

states as (
    {{ claim_reconciliation.server_table_states('tables') | indent(4) }}
),

judged as (
    {{ claim_reconciliation.table_maintenance('states') | indent(4) }}
)

select
    'warning' as state,
    reason as finding,
    advice
from judged
where reason is not null
union all
select
    'ok',
    relation || ': ' || round((100 * coalesce(dead_share, 0))::numeric)
    || ' % dead rows, last vacuum '
    || coalesce(to_char(vacuumed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown')
    || ', last analyze '
    || coalesce(to_char(analyzed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown')
    || '.',
    null
from judged
where reason is null
{% endmacro %}
