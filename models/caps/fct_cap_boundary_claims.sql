-- Grain: one row a claim of a capped SKU and window type that falls in another week or month by local_timezone than by
-- cap_timezone: the claims that a service with a time zone bug would count in the wrong window.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

sku_catalog as (
    select * from {{ ref(var('sku_catalog_model')) }}
),

final as (
    {{ claim_reconciliation.boundary_claims('claims', 'sku_catalog') | indent(4) }}
)

select * from final
