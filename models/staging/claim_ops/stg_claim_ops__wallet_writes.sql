{{ config(materialized='replaced_view') }}
-- Grain: one row a line of a plan that was applied to a user's wallet or claims. Without the guard:
-- no row. A login that may not read it gets an error, because without its rows no repair is known
-- as one.
{%- set writes = adapter.get_relation(
    database=target.database, schema='claim_ops', identifier='wallet_writes'
) %}
with

final as (
    {{ claim_reconciliation.wallet_writes_of(writes) | indent(4) }}
)

select * from final
