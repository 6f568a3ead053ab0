{% macro guard_unclaimed_items() %}
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
begin
    return query
    with audit as (
        {{ claim_reconciliation.guard_rows_of(
            'audit_purchases', ['tx_id', 'user_id', 'sku', 'status'], 'p_user_ids'
        ) | indent(4) }}
    ),
    purchases as (
        select audit.tx_id, audit.user_id, audit.sku
        from audit
        where not exists (
            select 1 from audit as refunds
            where refunds.tx_id = audit.tx_id
                and refunds.status in ('{{ var('refund_statuses') | join("', '") }}')
        )
        {%- if var('has_queued_purchases') %}
        union all
        {{ claim_reconciliation.guard_rows_of(
            'queued_purchases', ['tx_id', 'user_id', 'sku'], 'p_user_ids'
        ) | indent(4) }}
        {%- endif %}
    )
    select distinct purchases.user_id, sku_catalog.item
    from purchases
    join claim_ops.sku_catalog on purchases.sku = sku_catalog.sku
    where not exists (
        select 1 from {{ claim_reconciliation.guard_relation('purchase_claims') }} as claims
        where claims.{{ adapter.quote(claim_reconciliation.mapped_column('purchase_claims', 'tx_id')) }} = purchases.tx_id
    );
end
$function$;
comment on function claim_ops._unclaimed_items is
$$The items of these users that a purchase without refund and without claim speaks of: a writer that changed the wallet
first and died leaves what looks like an excess, and is none.$$;
{% endmacro %}
