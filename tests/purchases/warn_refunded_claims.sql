-- The money went back and the claim stands. Nothing is clawed back by itself.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_purchase_discrepancies') }}
where discrepancy_type = 'refunded_claim' and not is_account_gone
