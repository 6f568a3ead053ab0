{{ config(
    materialized='retained_table' if var('as_of', none) else 'incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
    pre_hook="{{ 'delete from ' ~ this if is_incremental() else 'select 1' }}",
) }}
-- Grain: one row a minute of the last two days with claims or payments, as of the build: what the
-- service did, whether its log says so or not. Emptied and filled again in one transaction: a table
-- that is replaced would have to lock the views of the alerts, which are read every minute.
{%- set since = claim_reconciliation.hours_after(claim_reconciliation.current_time(), -48) %}
with

claims as (
    select claimed_at from {{ ref('stg_claim_service__purchase_claims') }}
    where claimed_at >= {{ since }} and claimed_at <= {{ claim_reconciliation.current_time() }}
),

payments as (
    select
        audit.tx_id,
        min(audit.purchased_at) as purchased_at
    from {{ ref('stg_claim_service__audit_purchases') }} as audit
    inner join {{ ref(var('sku_catalog_model')) }} as sku_catalog on audit.sku = sku_catalog.sku
    where
        audit.purchased_at >= {{ since }}
        and audit.purchased_at <= {{ claim_reconciliation.current_time() }}
        and {{ claim_reconciliation.is_payment('audit.status') }}
    group by audit.tx_id
),

events as (
    select
        claimed_at as happened_at,
        1 as claims,
        0 as purchases
    from claims
    union all
    select
        purchased_at as happened_at,
        0 as claims,
        1 as purchases
    from payments
),

final as (
    select
        {{ claim_reconciliation.period_start('happened_at', 1) }} as started_at,
        sum(claims)::bigint as claims,
        sum(purchases)::bigint as purchases,
        {{ claim_reconciliation.current_time() }} as built_at
    from events
    group by {{ claim_reconciliation.period_start('happened_at', 1) }}
)

select * from final
