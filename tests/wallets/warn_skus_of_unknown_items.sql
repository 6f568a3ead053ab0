-- Claims of such a SKU count for no wallet: either the item is misspelt,
-- or wallet_items lacks it on purpose.
{{ config(severity='warn') }}
select
    sku,
    item
from {{ ref(var('sku_catalog_model')) }}
where
    true
    {%- for item in claim_reconciliation.wallet_items() %}
        and item is distinct from '{{ item.name }}'
    {%- endfor %}
