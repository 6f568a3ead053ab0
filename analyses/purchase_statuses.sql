-- Grain: one row a status and SKU of the audit trail: what the store reports, and what the vars
-- take it for. Where no row is_payment, recoverable_statuses names nothing that this store says.
with

audit as (
    select * from {{ ref('stg_claim_service__audit_purchases') }}
),

sku_catalog as (
    select distinct sku from {{ ref(var('sku_catalog_model')) }}
),

final as (
    select
        audit.status,
        audit.sku,
        count(*) as statuses,
        count(distinct audit.tx_id) as purchases,
        min(audit.purchased_at) as first_purchased_at,
        max(audit.purchased_at) as last_purchased_at,
        {{ claim_reconciliation.is_payment('audit.status') }} as is_payment,
        {{ claim_reconciliation.is_refund('audit.status') }} as is_refund,
        count(sku_catalog.sku) > 0 as is_known_sku
    from audit
    left join sku_catalog on audit.sku = sku_catalog.sku
    group by audit.status, audit.sku
)

select * from final
order by statuses desc, status asc, sku asc
