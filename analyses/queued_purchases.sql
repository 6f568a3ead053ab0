-- Grain: one row a tx_id of the queue: what a replay would make of it, and what stands in its way.
with

queue as (
    select * from {{ ref('stg_claim_service__queued_purchases') }}
),

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

queued as (
    {{ claim_reconciliation.queued_by_tx_id('queue') | indent(4) }}
),

final as (
    select
        queued.*,
        case
            when claims.tx_id is not null then 'claimed'
            else {{ claim_reconciliation.unclear_reason(
                'queued', 'sku_catalog.sku is not null'
            ) | indent(12) }}
        end as left_out_because
    from queued
    left join claims on queued.tx_id = claims.tx_id
    left join sku_catalog
        on
            queued.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'queued.received_at'
            ) | indent(12) }}
)

select * from final
order by received_at, queue_id
