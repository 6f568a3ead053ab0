-- A claim names the user and the SKU that the store names.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_purchase_discrepancies') }}
where discrepancy_type = 'mismatched_claim' and is_settled and not is_account_gone
