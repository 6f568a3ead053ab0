{{ config(materialized='parallel_table') }}
-- Grain: one row a discrepancy type, reason and SKU with purchases: what they cost, for finance.
with

discrepancies as (
    select * from {{ ref('fct_purchase_discrepancies') }}
),

final as (
    select
        discrepancy_type,
        reason,
        sku,
        reason is null as is_recoverable,
        count(*) as purchases,
        count(distinct user_id) as users,
        {{ claim_reconciliation.value_of_last(
            'unit_price', ['coalesce(purchased_at, claimed_at)']
        ) }}::numeric(10, 2) as unit_price,
        sum(unit_price * units)::numeric(14, 2) as revenue,
        min(coalesce(purchased_at, claimed_at)) as first_purchased_at,
        max(coalesce(purchased_at, claimed_at)) as last_purchased_at,
        min(built_at) as built_at
    from discrepancies
    group by discrepancy_type, reason, sku
)

select * from final
