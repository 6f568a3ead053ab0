{{ config(materialized='parallel_table') }}
-- Grain: one row a burst, the claims of a user that follow each other within burst_gap_minutes, at
-- least two of them: repeated attempts, concurrent claims, machines. Two numberings, because the
-- few claims that are near another one are found in one pass over all.
{%- set gap = "interval '" ~ var('burst_gap_minutes') ~ " minutes'" %}
with

claims as (
    select * from {{ ref('stg_claim_service__purchase_claims') }}
),

spaced as (
    select
        user_id,
        sku,
        claimed_at,
        lag(claimed_at) over (partition by user_id order by claimed_at) as previous_claimed_at,
        lead(claimed_at) over (partition by user_id order by claimed_at) as next_claimed_at
    from claims
    where user_id is not null
),

near as (
    select
        *,
        claimed_at - previous_claimed_at <= {{ gap }} as is_continued
    from spaced
    where claimed_at - previous_claimed_at <= {{ gap }} or next_claimed_at - claimed_at <= {{ gap }}
),

-- Claims of one moment are peers, and get one number whatever their order.
numbered as (
    select
        *,
        sum(case when is_continued then 0 else 1 end) over (
            partition by user_id
            order by claimed_at
        ) as burst_number
    from near
),

final as (
    select
        user_id,
        count(*) as claims,
        min(claimed_at) as first_claimed_at,
        max(claimed_at) as last_claimed_at,
        {{ claim_reconciliation.distinct_values('sku') }} as skus
    from numbered
    group by user_id, burst_number
)

select * from final
