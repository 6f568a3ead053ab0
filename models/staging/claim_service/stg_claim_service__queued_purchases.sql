{{ config(materialized='replaced_view') }}
-- Grain: one row a queued purchase event. Without the var has_queued_purchases: no row.
with

source as (
    {%- if var('has_queued_purchases') %}
        select * from {{ claim_reconciliation.service_table('queued_purchases') }}
    {%- else %}
        select
            null::bigint as queue_id,
            null::text as tx_id,
            null::{{ var('user_id_data_type') }} as user_id,
            null::text as sku,
            null::timestamptz as received_at
        where false
    {%- endif %}
),

renamed as (
    select
        {{ claim_reconciliation.service_column('queued_purchases', 'queue_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'tx_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'user_id') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'sku') }},
        {{ claim_reconciliation.service_column('queued_purchases', 'received_at') }}
    from source
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('received_at') }}
)

select * from final
