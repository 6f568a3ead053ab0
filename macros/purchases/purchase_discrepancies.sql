{% macro purchase_discrepancies(purchases, claims, accounts) %}
    {#- What is wrong between purchases and claims, one row a tx_id and type: is the claim paid for,
        and do both name the same user and SKU? user_id and sku are the claim's where there is
        one. -#}
select
    pairs.*,
    found.discrepancy_type,
    found.claim_reason,
    {{ claim_reconciliation.is_account_gone('pairs.user_id', accounts) }} as is_account_gone
from (
    select
        coalesce(claims.tx_id, purchases.tx_id) as tx_id,
        coalesce(claims.user_id, purchases.user_id) as user_id,
        coalesce(claims.sku, purchases.sku) as sku,
        purchases.user_id as purchase_user_id,
        purchases.sku as purchase_sku,
        purchases.status,
        purchases.purchased_at,
        purchases.audit_rows,
        purchases.is_paid,
        purchases.is_refunded,
        purchases.has_other_users,
        purchases.has_other_skus,
        purchases.has_other_units,
        purchases.units,
        case when claims.tx_id is not null then {{ claim_reconciliation.units_of('claims') }} end
            as claim_units,
        claims.claimed_at,
        coalesce(purchases.purchased_at, claims.claimed_at) as bought_at,
        claims.tx_id is not null as has_claim,
        claims.user_id as claim_user_id
    from {{ purchases }} as purchases
    full outer join {{ claims }} as claims on purchases.tx_id = claims.tx_id
) as pairs
cross join lateral (
    select 'missing_claim' as discrepancy_type, null as claim_reason
    where not has_claim
    union all
    select 'refunded_claim', 'refunded'
    where has_claim and is_refunded
    union all
    select 'unverified_claim', case when audit_rows is null then 'no_purchase' else 'no_payment' end
    where has_claim and (is_paid or is_refunded) is not true
    union all
    select 'mismatched_claim', name_reason
    from (select {{ claim_reconciliation.mismatch_reason() | indent(4) }} as name_reason) as names
    where has_claim and name_reason is not null
) as found
{% endmacro %}


{% macro mismatch_reason() %}
    {#- Why a claim and its purchase do not name the same user and SKU;
        null where they do or there is no purchase. -#}
    case
        when audit_rows is null then null
        when has_other_users then 'conflicting_users'
        when has_other_skus then 'conflicting_skus'
        when has_other_units then 'conflicting_units'
        when purchase_user_id is null then 'no_user'
        when (claim_user_id is distinct from purchase_user_id) then 'other_user'
        when (sku is distinct from purchase_sku) then 'other_sku'
        when claim_units <> units then 'other_units'
    end
{%- endmacro %}
