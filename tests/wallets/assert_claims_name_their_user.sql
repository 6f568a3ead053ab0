-- A claim without a user belongs to no wallet, so that no balance shows it.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('stg_claim_service__purchase_claims') }}
where user_id is null
