-- Grain: one row a window type: how many claims the clocks of cap_timezone and of local_timezone judge differently. A
-- service that counts in the wrong zone lets through what is beyond_cap_only and refuses what would be
-- beyond_local_cap_only; where both are few, the zone is not what users complain about.
{%- set claims = ref('stg_claim_service__purchase_claims') %}
{%- set sku_catalog = ref(var('sku_catalog_model')) %}
with

by_cap_timezone as (
    {{ claim_reconciliation.claim_numbers(claims, sku_catalog, zone=var('cap_timezone')) | indent(4) }}
),

by_local_timezone as (
    {{ claim_reconciliation.claim_numbers(claims, sku_catalog, zone=var('local_timezone')) | indent(4) }}
),

boundary_claims as (
    select * from {{ ref('fct_cap_boundary_claims') }}
),

compared as (
    select
        by_cap_timezone.window_type,
        by_cap_timezone.claim_number > by_cap_timezone.cap as is_beyond_cap,
        by_local_timezone.claim_number > by_local_timezone.cap as is_beyond_local_cap,
        boundary_claims.tx_id is not null as is_boundary_claim
    from by_cap_timezone
    inner join by_local_timezone
        on
            by_cap_timezone.tx_id = by_local_timezone.tx_id
            and by_cap_timezone.window_type = by_local_timezone.window_type
    left join boundary_claims
        on
            by_cap_timezone.tx_id = boundary_claims.tx_id
            and by_cap_timezone.window_type = boundary_claims.window_type
),

final as (
    select
        window_type,
        count(*) as claims,
        count(*) filter (where is_boundary_claim) as boundary_claims,
        count(*) filter (where is_beyond_cap and is_beyond_local_cap) as beyond_both,
        count(*) filter (where is_beyond_cap and not is_beyond_local_cap) as beyond_cap_only,
        count(*) filter (where is_beyond_local_cap and not is_beyond_cap) as beyond_local_cap_only
    from compared
    group by window_type
)

select * from final
order by window_type desc
