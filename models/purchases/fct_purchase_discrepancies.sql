{{ config(materialized='parallel_table') }}
-- Grain: one row a tx_id and what is wrong between purchase and claim, at one snapshot of both
-- tables. A status that pays for just what its claim gave needs no second look; the tx_ids of
-- others are decided from their history.
{%- set audit = ref('stg_claim_service__audit_purchases') %}
{%- set claims = ref('stg_claim_service__purchase_claims') %}
{%- set is_filtered = claim_reconciliation.source_filter('purchase_claims') %}
{%- set uncounted = ref('stg_claim_service__uncounted_claims') if is_filtered %}
{%- set accounts = ref('stg_claim_service__users') if claim_reconciliation.has_source('users') %}
{%- set now, is_known = claim_reconciliation.current_time(), 'sku_catalog.sku is not null' %}
with

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

{{ claim_reconciliation.suspects(audit, claims) }}

purchases as (
    {{ claim_reconciliation.purchases_by_tx_id('suspect_audit') | indent(4) }}
),

discrepancies as (
    {{ claim_reconciliation.purchase_discrepancies('purchases', 'suspect_claims', accounts)
        | indent(4) }}
),

judged as (
    select
        discrepancies.*,
        sku_catalog.unit_price,
        case
            when discrepancies.discrepancy_type = 'missing_claim'
                then
                    {{ claim_reconciliation.missing_claim_reason(
                        'discrepancies', uncounted, is_known, now
                    ) }}
            else discrepancies.claim_reason
        end as reason,
        {{ now }} as built_at
    from discrepancies
    left join sku_catalog
        on
            discrepancies.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'discrepancies.bought_at'
            ) | indent(12) }}
    -- Refunded, unpaid and uncatalogued purchases ask for no claim:
    -- rpt_purchases_not_judged counts them.
    where
        discrepancies.discrepancy_type <> 'missing_claim'
        or {{ claim_reconciliation.not_judged_reason('discrepancies', is_known) }} is null
),

final as (
    select
        tx_id,
        discrepancy_type,
        user_id,
        sku,
        status,
        purchased_at,
        claimed_at,
        purchase_user_id,
        purchase_sku,
        audit_rows::bigint as audit_rows,
        reason is null as is_recoverable,
        reason,
        unit_price::numeric(10, 2) as unit_price,
        {{ claim_reconciliation.is_settled('greatest(claimed_at, purchased_at)', 'built_at') }}
            as is_settled,
        built_at,
        coalesce(claim_units, units, 1)::bigint as units,
        units::bigint as purchase_units,
        is_account_gone
    from judged
)

select * from final
