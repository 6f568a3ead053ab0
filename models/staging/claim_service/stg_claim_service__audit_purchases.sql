-- Grain: one row a status that the store reported for a purchase; a purchase may have many.
with

source as (
    select * from {{ claim_reconciliation.service_table('audit_purchases') }}
),

renamed as (
    select
        {{ claim_reconciliation.service_column('audit_purchases', 'tx_id') }},
        {{ claim_reconciliation.service_column('audit_purchases', 'user_id') }},
        {{ claim_reconciliation.service_column('audit_purchases', 'sku') }},
        {{ claim_reconciliation.service_column('audit_purchases', 'status') }},
        {{ claim_reconciliation.service_column('audit_purchases', 'purchased_at') }}
    from source
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('purchased_at') }}
)

select * from final
