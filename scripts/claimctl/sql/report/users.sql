-- Grain: one row a user and item whose wallet is wrong and settled, the first ones of
-- fct_wallet_discrepancies.
select
    user_id::text as user_id,
    item,
    discrepancy_type,
    wallet_quantity,
    expected_quantity,
    wallet_expires_at::text as wallet_expires_at,
    expected_expires_at::text as expected_expires_at,
    last_activity_at
from {models}.fct_wallet_discrepancies
where is_settled
order by last_activity_at, user_id, item
limit 200
