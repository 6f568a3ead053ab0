{% macro unrecoverable_reason(purchase, is_known_sku, now) %}
    {#- Why a purchase without a claim may not be recovered, the first reason that holds; null where
        it may. `purchase` names a row of purchases_by_tx_id. -#}
    coalesce(
        {{ claim_reconciliation.unclear_reason(purchase, is_known_sku) | indent(4) }},
        case
            when {{ purchase }}.is_refunded then 'refunded'
            when not {{ purchase }}.is_paid then 'no_payment'
            when {{ purchase }}.purchased_at is null then 'no_purchase_time'
            when not {{ claim_reconciliation.is_settled(purchase ~ '.purchased_at', now) }}
                then 'in_flight'
        end
    )
{%- endmacro %}


{% macro unclear_reason(purchase, is_known_sku) %}
    {#- Why it is unclear who bought what, the first reason that holds; null where it is clear.
        `purchase` names a row of purchases_by_tx_id or queued_by_tx_id. -#}
    case
        when {{ purchase }}.tx_id is null then 'no_tx_id'
        when {{ purchase }}.has_other_users then 'conflicting_users'
        when {{ purchase }}.user_id is null then 'no_user'
        when {{ purchase }}.has_other_skus then 'conflicting_skus'
        when not {{ is_known_sku }} then 'unknown_sku'
        when {{ purchase }}.has_other_units then 'conflicting_units'
        when {{ purchase }}.units < 1 then 'no_units'
        {%- if not claim_reconciliation.keeps_units(['purchase_claims']) %}
        -- A claim of one would be all that it gets.
        when {{ purchase }}.units > 1 then 'units_not_kept'
        {%- endif %}
    end
{%- endmacro %}


{% macro not_judged_reason(purchase, is_known_sku) %}
    {#- Why a purchase without a claim is no business of claims, the first reason that holds; null
        where it was paid for, not refunded and is of a catalogued SKU. `purchase` names a row of
        purchases_by_tx_id. -#}
    case
        when {{ purchase }}.is_refunded then 'refunded'
        when not {{ is_known_sku }} then 'unknown_sku'
        when not {{ purchase }}.is_paid then 'no_payment'
    end
{%- endmacro %}


{% macro missing_claim_reason(purchase, uncounted_claims, is_known_sku, now) %}
    {#- Why a missing claim may not be recovered, the first reason that holds; null where it may.
        `purchase` names a row of purchase_discrepancies. -#}
    coalesce(
        {%- if claim_reconciliation.source_filter('purchase_claims') %}
        case
            when exists (
                select 1
                from {{ uncounted_claims }} as uncounted
                where uncounted.tx_id = {{ purchase }}.tx_id
            )
                then 'claim_not_counted'
        end,
        {%- endif %}
        case when {{ purchase }}.is_account_gone then 'account_gone' end,
        {{ claim_reconciliation.unrecoverable_reason(purchase, is_known_sku, now) | indent(8) }}
    )
{%- endmacro %}
