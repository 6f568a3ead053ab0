{{ config(materialized='parallel_table') }}
-- Grain: one row a claim beyond its cap and window type. Excused is what a plan inserted, and what
-- would be within the cap without the claims of plans. The claims are named in each place, because
-- PostgreSQL writes an import CTE that is read twice to disk, and uses no index then.
{%- set claims = ref('stg_claim_service__purchase_claims') %}
with

plan_claims as (
    select * from {{ ref('stg_claim_ops__plan_claims') }}
),

sku_catalog as (
    select * from {{ ref(var('sku_catalog_model')) }}
),

crowded as (
    {{ claim_reconciliation.crowded_users(claims, ref(var('sku_catalog_model'))) | indent(4) }}
),

crowded_claims as (
    select claims.*
    from {{ claims }} as claims
    inner join crowded
        on
            claims.user_id = crowded.user_id
            and claims.sku = crowded.sku
            and claims.claimed_at between crowded.first_window_start and crowded.last_claimed_at
),

claims_and_plans as (
    -- A full join, because no loop can do one: for a left join PostgreSQL expects a few claims, and
    -- compared each of 200,000 with each of 19,000 of plans. What is added has no user.
    select
        crowded_claims.*,
        plan_claims.plan_id
    from crowded_claims
    full outer join plan_claims on crowded_claims.tx_id = plan_claims.tx_id
),

numbered as (
    {{ claim_reconciliation.claim_numbers(
        'claims_and_plans', 'sku_catalog', plan_id='claims.plan_id'
    ) | indent(4) }}
),

beyond_cap as (
    {{ claim_reconciliation.numbers_beyond_cap('numbered') | indent(4) }}
),

final as (
    select
        tx_id,
        window_type,
        user_id,
        sku,
        window_start,
        claim_number::bigint as claim_number,
        cap,
        claimed_at,
        is_excused,
        excused_by_plan,
        {{ claim_reconciliation.current_time() }} as built_at
    from beyond_cap
)

select * from final
