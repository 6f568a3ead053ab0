-- The store reports a status of our SKUs that no var names: if it is a payment, what was paid for
-- is missed, and if it is a refund, it is given for nothing. Name it in recoverable_statuses,
-- refund_statuses or ignored_statuses.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    not_judged.status,
    not_judged.sku,
    not_judged.purchases,
    not_judged.users,
    not_judged.first_purchased_at,
    not_judged.last_purchased_at
from {{ ref('rpt_purchases_not_judged') }} as not_judged
where
    not_judged.why = 'no_payment'
    and not_judged.sku in (
        select sku_catalog.sku from {{ ref(var('sku_catalog_model')) }} as sku_catalog
    )
    and (
        not_judged.status in {{ claim_reconciliation.quoted_list(
            var('recoverable_statuses') + var('refund_statuses') + var('ignored_statuses')
        ) }}
    ) is not true
