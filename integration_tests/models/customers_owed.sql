-- Grain: one row a customer whom the wallets owe something.
select
    user_id as customer_id,
    count(*) as items_owed
from {{ ref('claim_reconciliation', 'fct_wallet_discrepancies') }}
where discrepancy_type in ('missing_wallet', 'short')
group by user_id
