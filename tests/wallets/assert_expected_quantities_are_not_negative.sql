-- More was taken away than was ever claimed or granted: a fault of the adjustments, which no plan repairs.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_expected_wallet_balances') }}
where expected_quantity < 0
