-- A SKU of the catalogue was bought at a time that none of its rows covers: what was paid for is
-- missed. Each row names the SKU and the time between the first and the last of such purchases.
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    sku,
    sum(purchases) as purchases,
    min(first_purchased_at) as first_purchased_at,
    max(last_purchased_at) as last_purchased_at
from {{ ref('rpt_purchases_not_judged') }}
where why = 'outside_catalogue_dates'
group by sku
