-- Grain: one row a tx_id of the user and what the build found wrong between its purchase and its
-- claim.
select
    tx_id,
    discrepancy_type,
    reason,
    is_recoverable,
    is_settled
from {models}.fct_purchase_discrepancies
where
    user_id = cast(%(user_id)s as {user_id_type})
    or purchase_user_id = cast(%(user_id)s as {user_id_type})
order by tx_id, discrepancy_type
