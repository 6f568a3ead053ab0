{{ config(materialized='replaced_view') }}
-- Grain: one row a claim that a plan inserted and that still stands. Without the guard: no row. A login that may not
-- read it gets an error, because without its rows every override is a violation.
{%- set plan_claims = adapter.get_relation(database=target.database, schema='claim_ops', identifier='plan_claims') %}
with

source as (
    {%- if plan_claims %}
        select * from {{ plan_claims }}
    {%- else %}
        select
            null as tx_id,
            null as plan_id,
            null as kind
        where false
    {%- endif %}
),

final as (
    select
        tx_id::text as tx_id,
        plan_id::bigint as plan_id,
        kind::text as kind
    from source
)

select * from final
