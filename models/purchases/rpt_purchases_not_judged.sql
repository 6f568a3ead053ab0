{{ config(materialized='parallel_table') }}
-- Grain: one row a status, SKU and reason of purchases that ask for no claim,
-- as their latest status calls them.
{%- set audit = ref('stg_claim_service__audit_purchases') %}
{%- set claims = ref('stg_claim_service__purchase_claims') %}
with

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

unclaimed as (
    select audit.*
    from {{ audit }} as audit
    left join {{ claims }} as claims on audit.tx_id = claims.tx_id
    where claims.tx_id is null
),

purchases as (
    {{ claim_reconciliation.purchases_by_tx_id('unclaimed') | indent(4) }}
),

judged as (
    select
        purchases.*,
        {{ claim_reconciliation.not_judged_reason(
            'purchases', 'sku_catalog.sku is not null'
        ) | indent(8) }} as why
    from purchases
    left join sku_catalog
        on
            purchases.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'purchases.purchased_at'
            ) | indent(12) }}
),

named as (
    select
        status,
        sku,
        user_id,
        audit_rows,
        purchased_at,
        case
            when why = 'unknown_sku' and sku in (select sku_catalog.sku from sku_catalog)
                then 'outside_catalogue_dates'
            else why
        end as why
    from judged
),

final as (
    select
        status,
        sku,
        why,
        count(*) as purchases,
        sum(audit_rows)::bigint as audit_rows,
        count(distinct user_id) as users,
        min(purchased_at) as first_purchased_at,
        max(purchased_at) as last_purchased_at,
        {{ claim_reconciliation.current_time() }} as built_at
    from named
    where why is not null
    group by status, sku, why
)

select * from final
