-- A catalogue that is wrong makes every balance wrong: each row names the SKU and what to correct. The catalogue is the
-- seed or the model that stands in for it, and while it is wrong nothing is built from it.
with

catalog as (
    select
        sku_catalog.sku,
        count(*) over (partition by sku_catalog.sku) as occurrences,
        sku_catalog.quantity,
        sku_catalog.duration_hours,
        least(sku_catalog.weekly_cap, sku_catalog.monthly_cap) as smallest_cap,
        items.kind
    from {{ ref(var('sku_catalog_model')) }} as sku_catalog
    left join (
        {%- for item in claim_reconciliation.wallet_items() %}
            select
                '{{ item.name }}' as item,
                '{{ item.kind }}' as kind
            {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as items on sku_catalog.item = items.item
),

faults as (
    select
        sku,
        case
            when sku is null then 'a row without a sku'
            when occurrences > 1 then 'the sku stands there more than once'
            when quantity is null or quantity < 1 then 'quantity must be at least 1'
            when kind = 'expiry' and (duration_hours is null or duration_hours < 1)
                then 'a sku of an expiry item needs duration_hours'
            when smallest_cap < 0 then 'a cap must not be negative; empty is no cap'
        end as fault
    from catalog
)

select * from faults
where fault is not null
