{% macro claim_ops__unclaimed_items() %}
create function claim_ops._unclaimed_items(p_user_ids {{ var('user_id_data_type') }}[])
returns table (user_id {{ var('user_id_data_type') }}, item text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
declare
    v_tx_ids text[];
begin
    with mentioned as (
        {{ claim_reconciliation.guard_rows_of(
            'audit_purchases', ['tx_id'], 'p_user_ids'
        ) | indent(4) }}
        {%- if claim_reconciliation.has_source('queued_purchases') %}
        union all
        {{ claim_reconciliation.guard_rows_of(
            'queued_purchases', ['tx_id'], 'p_user_ids'
        ) | indent(4) }}
        {%- endif %}
    )
    select array_agg(mentioned.tx_id::text) into v_tx_ids from mentioned;

    return query
    with audit as (
        {{ claim_reconciliation.guard_rows_of(
            'audit_purchases', ['tx_id', 'user_id', 'sku', 'status', 'purchased_at', 'units'],
            'v_tx_ids', 'tx_id'
        ) | indent(4) }}
    ),
    refunds as (
        select purchases.tx_id
        from ({{ claim_reconciliation.purchases_by_tx_id('audit') | indent(8) }}) as purchases
        where purchases.is_refunded
    ),
    mentioned as (
        {{ claim_reconciliation.guard_rows_of(
            'audit_purchases', ['tx_id', 'user_id', 'sku'], 'p_user_ids'
        ) | indent(4) }}
        {%- if claim_reconciliation.has_source('queued_purchases') %}
        union all
        {{ claim_reconciliation.guard_rows_of(
            'queued_purchases', ['tx_id', 'user_id', 'sku'], 'p_user_ids'
        ) | indent(4) }}
        {%- endif %}
    )
    select distinct mentioned.user_id, sku_catalog.item
    from mentioned
    join claim_ops.sku_catalog on mentioned.sku = sku_catalog.sku
    -- A refunded purchase explains nothing: its excess would be left alone for ever.
    where not exists (select 1 from refunds where refunds.tx_id = mentioned.tx_id)
        and not exists (
            select 1 from {{ claim_reconciliation.guard_relation('purchase_claims') }} as claims
            where {{ claim_reconciliation.key_equals(
                'purchase_claims', 'tx_id', 'mentioned.tx_id', 'claims'
            ) }}
        );
end
$function$;
comment on function claim_ops._unclaimed_items is
$$The items of these users that a purchase without refund and without claim speaks of: a writer that
changed the wallet first and died leaves what looks like an excess, and is none.$$;
{{ claim_reconciliation.guard_hand_over('_unclaimed_items') }}
{% endmacro %}
