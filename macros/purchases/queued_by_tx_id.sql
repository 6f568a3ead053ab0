{% macro queued_by_tx_id(queue) %}
    {#- The queue as purchases, one row a tx_id: the event that came first counts, the others are
        counted. Events without a tx_id stay apart, one row each. -#}
select
    tx_id,
    max({{ claim_reconciliation.typed('queue_id', 'text') }}) filter (where is_first) as queue_id,
    cast(
        max({{ claim_reconciliation.typed('user_id', 'text') }}) filter (where is_first)
            as {{ claim_reconciliation.type_name(var('user_id_data_type')) }}
    ) as user_id,
    max(sku) filter (where is_first) as sku,
    max(received_at) filter (where is_first) as received_at,
    count(*) as events,
    {{ claim_reconciliation.has_other_values(claim_reconciliation.typed('user_id', 'text')) }}
        as has_other_users,
    {{ claim_reconciliation.has_other_values('sku') }} as has_other_skus,
    max({{ claim_reconciliation.units_of('', ['queued_purchases']) }}) filter (where is_first)
        as units,
    {{ claim_reconciliation.has_other_values(
        claim_reconciliation.units_of('', ['queued_purchases'])
    ) }} as has_other_units
from (
    select
        events.*,
        row_number() over (
            partition by tx_id, nameless_queue_id
            order by received_at nulls last, queue_id
        ) = 1 as is_first
    from (
        select
            *,
            case when tx_id is null then queue_id end as nameless_queue_id
        from {{ queue }}
    ) as events
) as arrivals
group by tx_id, nameless_queue_id
{% endmacro %}
