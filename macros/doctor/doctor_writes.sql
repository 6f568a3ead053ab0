{% macro doctor_writes(columns) %}
    {#- What doctor says of columns that keep a repair from writing,
        by the rules by which the guard refuses. -#}
{%- set reason = claim_reconciliation.unwritable_reason('unwritable', 'tables.relation') %}
with

columns as (
    select *
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, column_name text, relation text, table_id oid, table_kind text,
        column_number int2, is_optional boolean
    )
    where table_kind in ('r', 'p')
),

tables as (
    select
        source,
        relation,
        table_id,
        array_agg(column_name) as written
    from columns
    where source in ('purchase_claims', 'user_wallet_balances')
    group by source, relation, table_id
    -- A renamed column looks like one of the service's own: the check of columns says what it is.
    having bool_and(column_number is not null or is_optional)
),

findings as (
    select
        case
            when unwritable.is_computed or tables.source = 'purchase_claims' then 'error'
            else 'warning'
        end as state,
        {{ reason.finding | indent(8) }}
        || case
            when tables.source = 'purchase_claims' then ': claim plans are refused.'
            when unwritable.is_computed then ': wallet plans are refused.'
            else ': a wallet that is missing cannot be made, and is skipped.'
        end as finding,
        {{ reason.advice | indent(8) }}
        || case when unwritable.is_computed then '.' else '' end as advice
    from tables
    cross join lateral (
        {{ claim_reconciliation.unwritable_columns('tables.table_id', 'tables.written', 'true')
            | indent(8) }}
    ) as unwritable
)

select * from findings
union all
select
    'ok',
    'Every column of ' || string_agg(relation, ' and ' order by relation) || ' can be written.',
    null
from tables
where not exists (select from findings)
having count(*) > 0
{% endmacro %}
