{{ config(materialized='replaced_view') }}
-- Grain: one row an item, type, cause and age of what is wrong now and nobody accepted,
-- the oldest first.
with

episodes as (
    select
        *,
        {{ claim_reconciliation.seconds_between('first_found_at', 'last_found_at') }} / 3600
            as hours
    from {{ ref('fct_discrepancy_history') }}
    where ended_at is null and not is_accepted
),

prices as (
    {{ claim_reconciliation.item_prices(ref(var('sku_catalog_model'))) | indent(4) }}
),

valued as (
    select
        episodes.*,
        {{ claim_reconciliation.age_band('episodes.hours') | indent(8) }} as age,
        coalesce(
            abs(episodes.last_quantity) * prices.unit_price,
            abs(episodes.last_seconds) / 3600 * prices.hour_price
        ) as value
    from episodes
    left join prices on episodes.item = prices.item
),

final as (
    select
        item,
        discrepancy_type,
        probable_cause,
        age,
        count(*) as users,
        count(*) filter (where is_settled) as settled_users,
        sum(last_quantity)::bigint as net_quantity,
        sum(last_seconds) / 3600 as net_hours,
        sum(value)::numeric(14, 2) as value,
        min(first_found_at) as oldest_found_at,
        max(last_found_at) as built_at
    from valued
    group by item, discrepancy_type, probable_cause, age
)

select * from final
order by oldest_found_at, item, discrepancy_type, probable_cause
