-- A payment stands behind every claim, at the latest when the store's retries have ended.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_purchase_discrepancies') }}
where discrepancy_type = 'unverified_claim' and is_settled and not is_account_gone
