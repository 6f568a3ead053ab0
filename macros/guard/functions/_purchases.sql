{% macro guard_purchases() %}
create function claim_ops._purchases(p_kind text, p_tx_ids text[])
returns table (
    tx_id text, user_id {{ var('user_id_data_type') }}, sku text, purchased_at timestamptz, reason text,
    status text, is_audited boolean, claimed_by text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
begin
    return query
    with audit as (
        {{ claim_reconciliation.guard_purchase_rows('audit_purchases', 'status', 'purchased_at') | indent(4) }}
    ),
    {%- if var('has_queued_purchases') %}
    queue as (
        {{ claim_reconciliation.guard_purchase_rows('queued_purchases', 'queue_id', 'received_at') | indent(4) }}
    ),
    {%- endif %}
    audited as (
        {{ claim_reconciliation.purchases_by_tx_id('audit') | indent(8) }}
    ),
    purchases as (
        select
            purchases.tx_id, purchases.user_id, purchases.sku, purchases.purchased_at,
            {{ claim_reconciliation.unrecoverable_reason('purchases', 'catalog.sku is not null', 'clock_timestamp()')
                | indent(8) }} as reason,
            purchases.status, true as is_audited
        from audited as purchases
        left join claim_ops.sku_catalog as catalog on purchases.sku = catalog.sku
        where p_kind <> 'queue_replay'
        {%- if var('has_queued_purchases') %}
        union all
        {{ claim_reconciliation.guard_queued_purchases() | indent(4) }}
        {%- endif %}
    )
    select
        purchases.tx_id::text, purchases.user_id, purchases.sku::text, purchases.purchased_at, purchases.reason,
        purchases.status, purchases.is_audited, claims.user_id::text
    from purchases
    left join (
        {{ claim_reconciliation.guard_rows_of('purchase_claims', ['tx_id', 'user_id'], 'p_tx_ids', 'tx_id') | indent(4) }}
    ) as claims on purchases.tx_id = claims.tx_id;
end
$function$;
comment on function claim_ops._purchases is
$$The purchases of these tx_ids, one row each, as the audit trail or the queue tell them now: why a purchase without a claim may
not be recovered (null where it may), and who has claimed it. A null among the tx_ids stands for the rows without one.$$;
{% endmacro %}


{% macro guard_queued_purchases() %}
    {#- A queued event is believed where the audit trail does not contradict it: what it says of the purchase holds. -#}
        select
            queued.tx_id, queued.user_id, queued.sku, coalesce(purchases.purchased_at, queued.received_at),
            coalesce(
                {{ claim_reconciliation.unclear_reason('queued', 'catalog.sku is not null') | indent(12) }},
                case
                    when purchases.user_id <> queued.user_id then 'conflicting_users'
                    when purchases.sku <> queued.sku then 'conflicting_skus'
                    when queued.received_at is null then 'no_purchase_time'
                    when not {{ claim_reconciliation.is_settled('queued.received_at', 'clock_timestamp()') }} then 'in_flight'
                end,
                case when purchases.tx_id is not null then
                    {{ claim_reconciliation.unrecoverable_reason('purchases', 'catalog.sku is not null', 'clock_timestamp()')
                        | indent(16) }}
                end
            ),
            purchases.status, purchases.tx_id is not null
        from (
            {{ claim_reconciliation.queued_by_tx_id('queue') | indent(12) }}
        ) as queued
        left join audited as purchases on queued.tx_id = purchases.tx_id
        left join claim_ops.sku_catalog as catalog on queued.sku = catalog.sku
        where p_kind = 'queue_replay'
{%- endmacro %}


{% macro guard_purchase_rows(name, key, at) %}
    {#- The rows of the audit trail or the queue about these tx_ids, and where a null is among them those without one. -#}
    {%- for condition in ['= any(p_tx_ids)', 'is null and array_position(p_tx_ids, null) is not null'] %}
        select
            {%- for column in ['tx_id', 'user_id', 'sku', key, at] %}
            {{ claim_reconciliation.service_column(name, column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ claim_reconciliation.guard_relation(name) }}
        where {{ adapter.quote(claim_reconciliation.mapped_column(name, 'tx_id')) }} {{ condition }}
        {%- if not loop.last %}
        union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
