-- Grain: one row an hour with builds and item,
-- the row of fct_wallet_balance_history of the hour's last build.
select distinct on (date_trunc('hour', built_at, 'UTC'), item)
    built_at,
    item,
    accuracy,
    short,
    excess,
    missing_wallets,
    unsettled
from {models}.fct_wallet_balance_history
where built_at > statement_timestamp() - %(days)s * interval '1 day'
order by date_trunc('hour', built_at, 'UTC'), item, built_at desc
