{{ config(materialized='replaced_view') }}
-- Grain: one row a table of the claim service, as the server last recorded it.
with

tables as (
    {{ claim_reconciliation.server_tables() | indent(4) }}
),

final as (
    {{ claim_reconciliation.server_table_states('tables') | indent(4) }}
)

select * from final
