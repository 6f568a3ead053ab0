-- A claim whose SKU is not in the catalogue counts for no item.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    user_id,
    claims
from {{ ref('int_wallet_balances') }}
where
    claims > 0
    {%- for item in claim_reconciliation.wallet_items() %}
        + {{ item.name }}_claims
    {%- endfor %}
