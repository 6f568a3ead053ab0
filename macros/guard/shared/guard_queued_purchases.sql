{% macro guard_queued_purchases() %}
    {#- A queued event is believed where the audit trail does not contradict it: what it says of the
        purchase holds. -#}
        select
            queued.tx_id, queued.user_id, queued.sku,
            coalesce(purchases.purchased_at, queued.received_at),
            coalesce(
                {{ claim_reconciliation.unclear_reason(
                    'queued', 'catalog.sku is not null'
                ) | indent(12) }},
                case
                    when purchases.user_id <> queued.user_id then 'conflicting_users'
                    when purchases.sku <> queued.sku then 'conflicting_skus'
                    {%- if claim_reconciliation.keeps_units(['queued_purchases'])
                        and claim_reconciliation.keeps_units(['audit_purchases']) %}
                    when purchases.units <> queued.units then 'conflicting_units'
                    {%- endif %}
                    when queued.received_at is null then 'no_purchase_time'
                    when not {{ claim_reconciliation.is_settled(
                        'queued.received_at', 'clock_timestamp()'
                    ) }} then 'in_flight'
                end,
                case when purchases.tx_id is not null then
                    {{ claim_reconciliation.unrecoverable_reason(
                        'purchases', 'catalog.sku is not null', 'clock_timestamp()'
                    ) | indent(16) }}
                end
            ),
            purchases.status, purchases.tx_id is not null,
            {{ 'queued.units' if claim_reconciliation.keeps_units(['queued_purchases'])
                else 'purchases.units' }}
        from (
            {{ claim_reconciliation.queued_by_tx_id('queue') | indent(12) }}
        ) as queued
        left join audited as purchases on queued.tx_id = purchases.tx_id
        left join claim_ops.sku_catalog as catalog
            on queued.sku = catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'catalog', 'coalesce(purchases.purchased_at, queued.received_at)'
            ) | indent(12) }}
        where v_reads_queue
{%- endmacro %}
