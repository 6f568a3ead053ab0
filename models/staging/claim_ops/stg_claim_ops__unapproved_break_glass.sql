{{ config(materialized='replaced_view') }}
-- Grain: one row where the guard is installed: the plans that were applied without an approval,
-- together.
{%- set unapproved = adapter.get_relation(
    database=target.database, schema='claim_ops', identifier='unapproved_break_glass'
) %}
with

final as (
    {{ claim_reconciliation.unapproved_break_glass_of(unapproved) | indent(4) }}
)

select * from final
