-- Grain: one row an hour, SKU and reason of purchases without a claim that were paid for: how many,
-- of how many users, what they are worth, and how many of that hour and SKU were paid for at all. A
-- webhook outage is hours in a row of which most or all are unclaimed; single ones are lost claims.
with

unclaimed as (
    select * from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim'
),

paid as (
    select
        sku,
        date_trunc('hour', purchased_at) as hour,
        count(distinct tx_id) as purchases
    from {{ ref('stg_claim_service__audit_purchases') }}
    where {{ claim_reconciliation.is_payment('status') }}
    group by sku, date_trunc('hour', purchased_at)
),

final as (
    select
        date_trunc('hour', unclaimed.purchased_at) as hour,
        unclaimed.sku,
        coalesce(unclaimed.reason, 'recoverable') as reason,
        count(*) as purchases,
        count(distinct unclaimed.user_id) as users,
        sum(unclaimed.unit_price) as revenue,
        min(paid.purchases) as purchases_of_the_hour,
        min(unclaimed.purchased_at) as first_purchased_at,
        max(unclaimed.purchased_at) as last_purchased_at
    from unclaimed
    left join paid
        on unclaimed.sku = paid.sku and date_trunc('hour', unclaimed.purchased_at) = paid.hour
    group by
        date_trunc('hour', unclaimed.purchased_at),
        unclaimed.sku,
        coalesce(unclaimed.reason, 'recoverable')
)

select * from final
order by hour desc, purchases desc, sku asc, reason asc
