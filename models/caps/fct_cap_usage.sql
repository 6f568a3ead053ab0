-- Grain: one row a user, SKU, window type and window with claims; for rolling windows one row a
-- claim, whose window ends with it. A view: asked for one user it reads that user's claims.
{{ config(materialized='replaced_view') }}

with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

sku_catalog as (
    select * from {{ ref(var('sku_catalog_model')) }}
),

final as (
    {{ claim_reconciliation.cap_usage('claims', 'sku_catalog') | indent(4) }}
)

select * from final
