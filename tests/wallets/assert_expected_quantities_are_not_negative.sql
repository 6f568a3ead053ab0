-- More was taken away than was ever claimed or granted: a fault of the adjustments, which no plan
-- repairs. Correct them, accept the discrepancy, or say by negative_ledger_policy what it means:
-- `clamp` is none, `allow` a debt.
-- depends_on: {{ ref('rpt_wallet_build') }}
select expected.*
from {{ ref('fct_expected_wallet_balances') }} as expected
where
    expected.expected_quantity < 0
    and '{{ var('negative_ledger_policy') }}' = 'ask'
    and not exists (
        select 1
        from {{ ref('fct_wallet_discrepancies') }} as discrepancies
        where
            discrepancies.user_id = expected.user_id
            and discrepancies.item = expected.item
            and discrepancies.excused_because is not null
    )
    and not {{ claim_reconciliation.is_account_gone(
        'expected.user_id', ref('stg_claim_service__users')
    ) | indent(4) }}
