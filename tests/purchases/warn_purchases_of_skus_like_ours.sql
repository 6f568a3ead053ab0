-- A SKU that the catalogue lacks shares what stands before the last _, - or . with one that it has:
-- a pack of three beside a pack of one. Who bought it gets nothing until it is in the catalogue.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    not_judged.sku,
    not_judged.status,
    not_judged.purchases,
    not_judged.users,
    not_judged.first_purchased_at,
    not_judged.last_purchased_at
from {{ ref('rpt_purchases_not_judged') }} as not_judged
where
    not_judged.why = 'unknown_sku'
    and exists (
        select 1
        from {{ ref(var('sku_catalog_model')) }} as sku_catalog
        where
            sku_catalog.sku ~ '[_.-]'
            and regexp_replace(sku_catalog.sku, '[^_.-]*$', '')
            = regexp_replace(not_judged.sku, '[^_.-]*$', '')
    )
