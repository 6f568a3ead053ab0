{% macro claim_ops__purchases() %}
create function claim_ops._purchases(p_kind text, p_tx_ids text[])
returns table (
    tx_id text, user_id {{ var('user_id_data_type') }}, sku text, purchased_at timestamptz,
    reason text, status text, is_audited boolean, claimed_by text, units integer
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
declare
    v_reads_queue constant boolean := (
        select plan_kinds.reads_queue from claim_ops.plan_kinds where plan_kinds.kind = p_kind
    );
begin
    return query
    with audit as (
        {{ claim_reconciliation.guard_purchase_rows(
            'audit_purchases', 'status', 'purchased_at'
        ) | indent(4) }}
    ),
    {%- if claim_reconciliation.has_source('queued_purchases') %}
    queue as (
        {{ claim_reconciliation.guard_purchase_rows(
            'queued_purchases', 'queue_id', 'received_at'
        ) | indent(4) }}
    ),
    {%- endif %}
    audited as (
        {{ claim_reconciliation.purchases_by_tx_id('audit') | indent(8) }}
    ),
    purchases as (
        select
            purchases.tx_id, purchases.user_id, purchases.sku, purchases.purchased_at,
            {{ claim_reconciliation.unrecoverable_reason(
                'purchases', 'catalog.sku is not null', 'clock_timestamp()'
            ) | indent(8) }} as reason,
            purchases.status, true as is_audited, purchases.units
        from audited as purchases
        left join claim_ops.sku_catalog as catalog
            on purchases.sku = catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'catalog', 'purchases.purchased_at'
            ) | indent(12) }}
        where not v_reads_queue
        {%- if claim_reconciliation.has_source('queued_purchases') %}
        union all
        {{ claim_reconciliation.guard_queued_purchases() | indent(4) }}
        {%- endif %}
    )
    select
        purchases.tx_id::text, purchases.user_id, purchases.sku::text, purchases.purchased_at,
        case when {{ claim_reconciliation.guard_is_account_gone('purchases.user_id') }}
            then 'account_gone' else
        {%- if claim_reconciliation.source_filter('purchase_claims') %}
        -- Its tx_id is taken by a claim that does not count: the insert would find it, and refuse
        -- the user's others too.
        coalesce(purchases.reason, case
            when claims.tx_id is null and exists (
                select 1 from {{ claim_reconciliation.guard_relation('purchase_claims') }} as stored
                where {{ claim_reconciliation.key_equals(
                    'purchase_claims', 'tx_id', 'purchases.tx_id', 'stored'
                ) }}
            ) then 'claim_not_counted'
        end)
        {%- else %}
        purchases.reason
        {%- endif %} end,
        purchases.status, purchases.is_audited, claims.user_id::text,
        coalesce(purchases.units, 1)::integer
    from purchases
    left join (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id'], 'p_tx_ids', 'tx_id'
        ) | indent(4) }}
    ) as claims on purchases.tx_id = claims.tx_id;
end
$function$;
comment on function claim_ops._purchases is
$$The purchases of these tx_ids, one row each, as the audit trail or the queue tell them now: why a
purchase without a claim may not be recovered (null where it may), and who has claimed it. A null
among the tx_ids stands for the rows without one.$$;
{{ claim_reconciliation.guard_hand_over('_purchases') }}
{% endmacro %}
