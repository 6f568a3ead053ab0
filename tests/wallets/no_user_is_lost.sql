-- Every user of the wide table has every item in the long one, once.
select count(*) as balances
from {{ ref('fct_expected_wallet_balances') }}
having count(*) is distinct from (
    select count(*) * {{ claim_reconciliation.wallet_items() | length }}
    from {{ ref('int_wallet_balances') }}
)
