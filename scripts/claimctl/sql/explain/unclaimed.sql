-- Grain: one row a purchase of the user without a claim, way of --claimed-at and window of its cap,
-- as a plan would judge it now.
select
    tx_id,
    sku,
    claimed_at,
    verdict,
    hours_paid,
    hours_given,
    window_type,
    to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as window_start,
    used,
    cap,
    user_zone,
    to_char(user_window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
        as user_window_start,
    user_used
from claim_ops.judge_purchases(%(user_id)s)
