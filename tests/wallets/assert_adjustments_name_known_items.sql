-- An adjustment of an item that does not exist counts for nothing: a spend that is misspelt would
-- be given back. Each row names the item as it is written, to be corrected at the source or left
-- out by claim_service_filters.
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    item,
    count(*) as adjustments,
    count(distinct user_id) as users,
    min(adjusted_at) as first_adjusted_at,
    max(adjusted_at) as last_adjusted_at
from {{ ref('stg_claim_service__wallet_adjustments') }}
where
    true
    {%- for item in claim_reconciliation.wallet_items() %}
        and item is distinct from '{{ item.name }}'
    {%- endfor %}
group by item
