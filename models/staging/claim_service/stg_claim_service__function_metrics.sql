-- Grain: one row a request. The service's column "timestamp" becomes requested_at.
with

source as (
    select * from {{ claim_reconciliation.service_table('function_metrics') }}
),

renamed as (
    select
        {{ adapter.quote(claim_reconciliation.mapped_column('function_metrics', 'timestamp')) }} as requested_at,
        {{ claim_reconciliation.service_column('function_metrics', 'function_name') }},
        {{ claim_reconciliation.service_column('function_metrics', 'status_code') }},
        {{ claim_reconciliation.service_column('function_metrics', 'duration_ms') }},
        {{ claim_reconciliation.service_column('function_metrics', 'error_code') }}
    from source
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('requested_at') }}
)

select * from final
