-- Grain: one row a purchase that was paid for, has no claim and would exceed a cap at the time it was paid, but only
-- for a boundary or an outage: who may deserve an override (claimctl plan override), and why. `boundary`: by the clocks
-- of local_timezone it is within its caps. `outage`: requests failed within the hour before or after. Of any other
-- purchase the cap did what it is for.
{%- set sku_catalog = ref(var('sku_catalog_model')) %}
with

purchases as (
    select * from {{ ref('fct_purchase_discrepancies') }}
    where discrepancy_type = 'missing_claim' and is_recoverable
),

metrics as (
    select * from {{ ref('stg_claim_service__function_metrics') }}
    where status_code >= 500
),

claims as (
    select
        tx_id,
        user_id,
        sku,
        claimed_at
    from {{ ref('stg_claim_service__purchase_claims') }}
    where user_id in (select purchases.user_id from purchases)
    union all
    select
        tx_id,
        user_id,
        sku,
        purchased_at
    from purchases
),

numbered as (
    {{ claim_reconciliation.claim_numbers('claims', sku_catalog) | indent(4) }}
),

numbered_locally as (
    {{ claim_reconciliation.claim_numbers('claims', sku_catalog, zone=var('local_timezone')) | indent(4) }}
),

refused as (
    select
        numbered.tx_id,
        string_agg(numbered.window_type, ', ' order by numbered.window_type desc) as exceeded,
        bool_and(numbered_locally.claim_number <= numbered_locally.cap) as is_within_local_caps
    from numbered
    inner join numbered_locally
        on
            numbered.tx_id = numbered_locally.tx_id
            and numbered.window_type = numbered_locally.window_type
    where numbered.claim_number > numbered.cap
    group by numbered.tx_id
),

final as (
    select
        purchases.tx_id,
        purchases.user_id,
        purchases.sku,
        purchases.purchased_at,
        refused.exceeded,
        case
            when refused.is_within_local_caps then 'boundary'
            when
                exists (
                    select 1
                    from metrics
                    where
                        metrics.requested_at between
                        {{ claim_reconciliation.hours_after('purchases.purchased_at', -1) }}
                        and {{ claim_reconciliation.hours_after('purchases.purchased_at', 1) }}
                )
                then 'outage'
        end as refused_because
    from purchases
    inner join refused on purchases.tx_id = refused.tx_id
)

select * from final
where refused_because is not null
order by purchased_at, tx_id
