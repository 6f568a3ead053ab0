-- A table of accounts that is empty, or whose condition holds for no row, says nothing:
-- nobody counts as gone by it.
-- depends_on: {{ ref('rpt_wallet_build') }}
select wallets
from {{ ref('rpt_wallet_build') }}
where
    {{ 'true' if claim_reconciliation.has_source('users') else 'false' }}
    and wallets > 0
    and not exists (select 1 from {{ ref('stg_claim_service__users') }})
