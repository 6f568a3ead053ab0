{{ config(materialized='replaced_view') }}
-- Grain: one row a table of the claim service that is read as a whole.
-- What is small is fast whatever its state.
with

tables as (
    select * from {{ ref('stg_server__tables') }}
),

judged as (
    {{ claim_reconciliation.table_maintenance('tables') | indent(4) }}
),

final as (
    select
        relation as table_name,
        live_rows,
        dead_rows,
        dead_share,
        all_visible_share,
        bytes as table_bytes,
        transaction_age,
        vacuumed_at,
        analyzed_at,
        reason,
        advice
    from judged
)

select * from final
