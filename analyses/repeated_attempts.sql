-- Grain: one row a user and SKU with more than three claims in the last seven days.
-- The runbook's query, for every SKU.
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

final as (
    select
        user_id,
        sku,
        count(*) as attempts,
        min(claimed_at) as first_claimed_at,
        max(claimed_at) as last_claimed_at
    from claims
    where claimed_at > {{ claim_reconciliation.hours_after(
        claim_reconciliation.current_time(), -168
    ) }}
    group by user_id, sku
    having count(*) > 3
)

select * from final
order by attempts desc, user_id asc, sku asc
