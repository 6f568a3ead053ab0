{% macro guard_planned_claims() -%}
    {#- CTEs over p_purchases: the claims that they become, one row each, and one row a user. #}
    planned as materialized (
        select
            purchase.user_id, purchase.sku, sku_catalog.item,
            jsonb_strip_nulls(jsonb_build_object(
                'tx_id', purchase.tx_id,
                'user_id', purchase.user_id,
                'sku', purchase.sku,
                'claimed_at', coalesce(p_claimed_at, purchase.purchased_at),
                {%- if claim_reconciliation.keeps_units(['purchase_claims']) %}
                'units', purchase.units,
                {%- endif %}
                -- For the approver, who is told what claiming at the time of
                -- purchase would have cost.
                'purchased_at', case when p_claimed_at is not null then purchase.purchased_at end,
                'over_cap', case when purchase.number = any(p_over_cap) then true end,
                'unaudited', case when purchase.number = any(p_unaudited) then true end
            )) as claim,
            row_number() over (order by purchase.purchased_at, purchase.tx_id) as position
        from unnest(p_purchases) as purchase
        join claim_ops.sku_catalog
            on purchase.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'coalesce(p_claimed_at, purchase.purchased_at)'
            ) | indent(12) }}
    ),
    users as materialized (
        select
            planned.user_id,
            jsonb_agg(planned.claim - 'user_id' order by planned.position) as claims,
            array_agg(distinct planned.item) as items
        from planned
        group by planned.user_id
    ),
{%- endmacro %}
