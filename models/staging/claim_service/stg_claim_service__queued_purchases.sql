{{ config(materialized='replaced_view') }}
-- Grain: one row a queued purchase event. Without such a table: no row.
with

renamed as (
    select
        {{ claim_reconciliation.service_column('queued_purchases', 'queue_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'tx_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'user_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'sku') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'received_at') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'units') }}
    {%- if claim_reconciliation.has_source('queued_purchases') %}
        from {{ claim_reconciliation.service_table('queued_purchases') }}
        {{ claim_reconciliation.where_counts('queued_purchases') }}
    {%- else %}
        where false
    {%- endif %}
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('received_at') }}
)

select * from final
