-- More was taken away than was ever claimed or granted: a fault of the adjustments, which no plan repairs.
-- depends_on: {{ ref('rpt_wallet_build') }}
select expected.*
from {{ ref('fct_expected_wallet_balances') }} as expected
where
    expected.expected_quantity < 0
    and not {{ claim_reconciliation.is_account_gone('expected.user_id', ref('stg_claim_service__users')) | indent(4) }}
