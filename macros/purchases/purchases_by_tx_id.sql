{% macro purchases_by_tx_id(audit) %}
    {#- The audit trail as purchases, one row a tx_id, each decided from its whole history of
        statuses; all rows without a tx_id are one. What a purchase is called by (user_id, sku,
        status) is what its latest row says; at the same moment a refund comes last. Model and guard
        both call it, each with the rows of the few tx_ids that need a look: ordering a whole trail
        costs more than the question. A uuid is compared as text, because PostgreSQL 15 knows no max
        of it. -#}
select
    tx_id,
    cast(
        max({{ claim_reconciliation.typed('user_id', 'text') }}) filter (where is_latest)
            as {{ claim_reconciliation.type_name(var('user_id_data_type')) }}
    ) as user_id,
    max(sku) filter (where is_latest) as sku,
    max(status) filter (where is_latest) as status,
    case
        when bool_or(is_payment) then max(purchased_at) filter (where is_payment)
        else max(purchased_at)
    end as purchased_at,
    count(*) as audit_rows,
    bool_or(is_payment) and not {{ claim_reconciliation.was_refunded_last() }} as is_paid,
    {{ claim_reconciliation.was_refunded_last() }} as is_refunded,
    {{ claim_reconciliation.has_other_values(claim_reconciliation.typed('user_id', 'text')) }}
        as has_other_users,
    {{ claim_reconciliation.has_other_values('sku') }} as has_other_skus,
    -- What was paid for; a refund need not say of how many.
    max(units) filter (where is_payment) as units,
    coalesce(min(units) filter (where is_payment) <> max(units) filter (where is_payment), false)
        as has_other_units
from (
    select
        statuses.*,
        row_number() over (
            partition by tx_id
            order by
                purchased_at desc nulls last, is_refund desc, is_payment desc, status nulls last,
                sku nulls last, user_id nulls last
        ) = 1 as is_latest
    from (
        select
            tx_id,
            user_id,
            sku,
            {{ claim_reconciliation.typed('status', 'text') }} as status,
            purchased_at,
            {{ claim_reconciliation.units_of('', ['audit_purchases']) }} as units,
            {{ claim_reconciliation.is_payment('status') }} as is_payment,
            {{ claim_reconciliation.is_refund('status') }} as is_refund
        from {{ audit }}
    ) as statuses
) as history
group by tx_id
{% endmacro %}


{% macro was_refunded_last() %}
    {#- The last refund is at or after the last payment; where a time is unknown,
        a refund counts. -#}
    (
        bool_or(is_refund)
        and (
            max(purchased_at) filter (where is_refund) < max(purchased_at) filter (where is_payment)
        ) is not true
    )
{%- endmacro %}


{% macro has_other_values(column) %}
    {#- Whether the rows of a group name different values; null is one of them. -#}
    (
        min({{ column }}) is distinct from max({{ column }})
        or count({{ column }}) not in (0, count(*))
    )
{%- endmacro %}
