{{ config(materialized='replaced_view') }}
-- Grain: one row an index of one of the claim service's tables.
-- Keys are written as PostgreSQL writes them in DDL.
with

tables as (
    {{ claim_reconciliation.server_tables() | indent(4) }}
),

final as (
    {{ claim_reconciliation.server_indexes('tables') | indent(4) }}
)

select * from final
