{{ config(materialized='replaced_view') }}
-- Grain: one row a setting of the store.
with

source as (
    select * from {{ claim_reconciliation.service_table('store_config') }}
),

final as (
    select
        {{ claim_reconciliation.service_column('store_config', 'key') }},
        {{ claim_reconciliation.switch_read() }} as value
    from source
)

select * from final
