-- No budget of requests burns at more than fast_burn_rate both over an hour and over 5 minutes. A
-- longer lookback is shown and never asserted: it stays red for weeks after what it tells of has
-- ended.
-- depends_on: {{ ref('rpt_wallet_build') }}
select
    slo,
    min(burn_rate) as burn_rate
from {{ ref('rpt_error_budget') }}
where
    lookback in ('1h', '5m')
    and slo in ('availability', 'latency')
group by slo
having
    min(total) >= {{ var('min_requests') }}
    and min(burn_rate) > {{ var('fast_burn_rate') }}
