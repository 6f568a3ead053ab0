-- Grain: one row an hour of the last days, as v_claim_conflicts_rolling has it.
select hour, requests, conflicts, conflict_rate, rolling_24h_conflict_rate
from {models}.v_claim_conflicts_rolling
where hour > statement_timestamp() - %(days)s * interval '1 day'
order by hour
