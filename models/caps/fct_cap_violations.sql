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
    select
        claims.*,
        plan_claims.plan_id
    from {{ claims }} as claims
    inner join crowded
        on
            claims.user_id = crowded.user_id
            and claims.sku = crowded.sku
            and claims.claimed_at between crowded.first_window_start and crowded.last_claimed_at
    left join plan_claims on claims.tx_id = plan_claims.tx_id
),

numbered as (
    {{ claim_reconciliation.claim_numbers(
        'crowded_claims', 'sku_catalog', is_planned='claims.plan_id is not null'
    ) | indent(4) }}
),

excused as (
    select
        numbered.*,
        numbered.unplanned_claim_number <= numbered.cap
        or plan_claims.tx_id is not null as is_excused
    from numbered
    left join plan_claims on numbered.tx_id = plan_claims.tx_id
    where numbered.claim_number > numbered.cap
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
        case
            when is_excused
                then {{ claim_reconciliation.last_plan_in_window(
                    'excused', 'crowded_claims'
                ) | indent(16) }}
        end as excused_by_plan,
        {{ claim_reconciliation.current_time() }} as built_at
    from excused
)

select * from final
