-- Grain: one row an objective and lookback, as rpt_error_budget has it.
select
    slo, lookback, objective, good, total, good::double precision / nullif(total, 0) as good_share,
    burn_rate, budget_remaining, state, judged_at
from {models}.rpt_error_budget
order by
    array_position(array['accuracy', 'availability', 'latency', 'error_rate'], slo),
    lookback_minutes
