-- Somebody paid, and the trail does not say clearly who or for what:
-- somebody has to look before a plan recovers it.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_purchase_discrepancies') }}
where
    discrepancy_type = 'missing_claim'
    and is_settled
    and not is_recoverable
    and not is_account_gone
