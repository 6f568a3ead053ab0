{% macro guard_unclaimed_purchases() -%}
    {#- The unclaimed purchases of a plan, within its limits, numbered in their order. #}
        select
            purchases.*,
            {{ claim_reconciliation.guard_changed_since(
                'purchases', 'v_claimed_at'
            ) | indent(12) }} as is_changed,
            (row_number() over (order by purchases.purchased_at, purchases.tx_id))::integer
                as number
        from claim_ops._purchases(p_kind, p_tx_ids) as purchases
        where purchases.claimed_by is null
            and (
                v_limits ->> 'user_id' is null
                or purchases.user_id = (v_limits ->> 'user_id')::{{ var('user_id_data_type') }}
            )
            and (v_limits ->> 'sku' is null or purchases.sku = v_limits ->> 'sku')
            and (v_limits ->> 'item' is null or exists (
                select 1 from claim_ops.sku_catalog
                where sku_catalog.sku = purchases.sku and sku_catalog.item = v_limits ->> 'item'
            ))
            and (
                v_limits ->> 'from' is null or purchases.purchased_at is null
                or purchases.purchased_at >= (v_limits ->> 'from')::timestamptz
                and purchases.purchased_at < (v_limits ->> 'to')::timestamptz
            )
{% endmacro %}


{% macro guard_changed_since(purchases, claimed_at) -%}
    {#- Whether a claim that is made at `claimed_at`, null for the time of the purchase, would give
        something else than what was bought. -#}
    {{ claimed_at }} is not null and exists (
        select 1
        from claim_ops.sku_catalog as bought
        where bought.sku = {{ purchases }}.sku
            and {{ claim_reconciliation.is_in_force(
                'bought', purchases ~ '.purchased_at'
            ) | indent(12) }}
            and not exists (
                select 1
                from claim_ops.sku_catalog as given
                where given.sku = bought.sku
                    and {{ claim_reconciliation.is_in_force('given', claimed_at) | indent(20) }}
                    and (given.item, given.quantity, given.duration_hours)
                        is not distinct from (bought.item, bought.quantity, bought.duration_hours)
            )
    )
{%- endmacro %}
