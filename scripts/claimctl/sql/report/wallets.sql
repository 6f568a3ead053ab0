-- Grain: one row an item, as rpt_wallet_balance_health has it.
select
    item, total_balance, users_with_balance, wallets, short, excess, missing_wallets, unsettled,
    settled_balances, settled_accurate_balances, accuracy, accepted, built_at
from {models}.rpt_wallet_balance_health
order by item
