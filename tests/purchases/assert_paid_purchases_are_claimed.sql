-- Who paid got what was paid for: every purchase that may be recovered is one that should have been
-- claimed.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_purchase_discrepancies') }}
where discrepancy_type = 'missing_claim' and is_recoverable
