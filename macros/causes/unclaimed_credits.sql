{% macro unclaimed_credits(wrong, audit, sku_catalog, claims, uncounted_claims) %}
    {#- Purchases that were paid and have no claim, and give what a wallet holds too much: one row a
        wrong user and item. A booster runs from the purchase on, or from a retry of it. -#}
with

purchases as (
    {{ claim_reconciliation.purchases_by_tx_id(audit) | indent(4) }}
),

unclaimed as (
    select
        purchases.user_id,
        purchases.tx_id,
        purchases.purchased_at,
        catalog.item,
        catalog.quantity * purchases.units as quantity,
        catalog.quantity * catalog.duration_hours * purchases.units as hours,
        sum(catalog.quantity * purchases.units) over (partition by purchases.user_id, catalog.item)
            as together
    from purchases
    inner join (
        {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(8) }}
    ) as catalog
        on purchases.sku = catalog.sku
        and {{ claim_reconciliation.is_in_force('catalog', 'purchases.purchased_at') | indent(8) }}
    left join {{ claims }} as claims on purchases.tx_id = claims.tx_id
    left join {{ uncounted_claims }} as uncounted on purchases.tx_id = uncounted.tx_id
    where purchases.is_paid and claims.tx_id is null and uncounted.tx_id is null
)

select distinct on (wrong.user_id, wrong.item)
    wrong.user_id,
    wrong.item,
    unclaimed.tx_id,
    unclaimed.purchased_at
from {{ wrong }} as wrong
inner join unclaimed on wrong.user_id = unclaimed.user_id and wrong.item = unclaimed.item
cross join lateral (
    select {{ claim_reconciliation.hours_after(
        'unclaimed.purchased_at' if var('booster_stacking_policy') == 'max'
        else 'greatest(wrong.expected_expires_at, unclaimed.purchased_at)', 'unclaimed.hours'
    ) }} as ends_at
) as credited
where
    wrong.discrepancy_type = 'excess'
    and case wrong.kind
        when 'quantity' then wrong.quantity_discrepancy in (unclaimed.quantity, unclaimed.together)
        else {{ claim_reconciliation.seconds_between(
            'credited.ends_at', 'wrong.wallet_expires_at'
        ) }}
            between -{{ var('booster_tolerance_seconds') }} and {{ var('settle_minutes') }} * 60
    end
order by wrong.user_id, wrong.item, unclaimed.purchased_at desc, unclaimed.tx_id desc
{%- endmacro %}
