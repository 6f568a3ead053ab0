{{ config(materialized='replaced_view') }}
-- Grain: one row a claim that a plan inserted and that still stands. Without the guard: no row. A
-- login that may not read it gets an error, because without its rows every override is a violation.
{%- set plan_claims = adapter.get_relation(
    database=target.database, schema='claim_ops', identifier='plan_claims'
) %}
with

final as (
    {{ claim_reconciliation.plan_claims_of(plan_claims) | indent(4) }}
)

select * from final
