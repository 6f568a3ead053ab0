-- A claim of no unit gives nothing, and one of fewer takes: a slip of its writer.
-- Without a number it is of one.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('stg_claim_service__purchase_claims') }}
where units < 1
