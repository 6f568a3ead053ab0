-- Under the stacking policy `max` each entry of a booster stands alone: hours that an adjustment
-- takes shorten nothing, and the wallet should still hold what the claims gave. Under `extend` they
-- do, and none is a fault.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    user_id,
    item,
    quantity as hours,
    adjusted_at
from {{ ref('stg_claim_service__wallet_adjustments') }}
where
    quantity < 0
    and '{{ var('booster_stacking_policy') }}' = 'max'
    and (
        false
        {%- for item in claim_reconciliation.wallet_items('expiry') %}
            or item = '{{ item.name }}'
        {%- endfor %}
    )
