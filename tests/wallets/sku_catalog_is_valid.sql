-- A catalogue that is wrong makes every balance wrong: each row names the SKU and what to correct.
-- The catalogue is the seed or the model that stands in for it, and while it is wrong nothing is
-- built from it.
with

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

catalog as (
    select
        sku_catalog.sku,
        lead(sku_catalog.valid_from) over (
            partition by sku_catalog.sku
            order by sku_catalog.valid_from, sku_catalog.valid_to
        ) as next_valid_from,
        sku_catalog.valid_from,
        sku_catalog.valid_to,
        sku_catalog.quantity,
        sku_catalog.duration_hours,
        least(sku_catalog.weekly_cap, sku_catalog.monthly_cap) as smallest_cap,
        items.kind
    from sku_catalog
    left join (
        {%- for item in claim_reconciliation.wallet_items() %}
            select
                '{{ item.name }}' as item,
                '{{ item.kind }}' as kind
            {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as items on sku_catalog.item = items.item
),

-- A time without a zone would be another moment in each session.
zoneless as (
    select
        stored.sku,
        'valid_from and valid_to need a zone: timestamptz' as fault
    from {{ ref(var('sku_catalog_model')) }} as stored
    where
        to_jsonb(stored) ->> 'valid_from' !~ '(T.*[+-]\d\d:\d\d|infinity)$'
        or to_jsonb(stored) ->> 'valid_to' !~ '(T.*[+-]\d\d:\d\d|infinity)$'
),

repeated as (
    select
        stored.sku,
        'the sku stands there more than once' as fault
    from {{ ref(var('sku_catalog_model')) }} as stored
    group by stored.sku, to_jsonb(stored) ->> 'valid_from'
    having count(*) > 1
),

faults as (
    select
        sku,
        case
            when sku is null then 'a row without a sku'
            when valid_to <= valid_from then 'valid_to must lie after valid_from'
            when next_valid_from < valid_to and next_valid_from > valid_from
                then
                    'two rows are in force at once: '
                    || 'valid_to must not lie after the next valid_from'
            when quantity is null or quantity < 1 then 'quantity must be at least 1'
            when kind = 'expiry' and (duration_hours is null or duration_hours < 1)
                then 'a sku of an expiry item needs duration_hours'
            when smallest_cap < 0 then 'a cap must not be negative; empty is no cap'
        end as fault
    from catalog
    union all
    select
        sku,
        fault
    from zoneless
    union all
    select
        sku,
        fault
    from repeated
)

select * from faults
where fault is not null
