{{ config(materialized='replaced_view') }}
-- Grain: one row an adjustment. Without such a table: no row.
with

renamed as (
    select
        {{ claim_reconciliation.service_column('wallet_adjustments', 'adjustment_id') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'user_id') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'item') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'quantity') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'adjusted_at') }}
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
        from {{ claim_reconciliation.service_table('wallet_adjustments') }}
        {{ claim_reconciliation.where_counts('wallet_adjustments') }}
    {%- else %}
        where false
    {%- endif %}
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('adjusted_at') }}
)

select * from final
