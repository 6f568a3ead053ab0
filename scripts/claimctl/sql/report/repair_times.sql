-- Grain: one row a week of the last 12 and way in which episodes ended in it,
-- as rpt_time_to_repair has it.
select week_start, how_it_ended, episodes, p50_hours, p90_hours, p99_hours, longest_hours
from {models}.rpt_time_to_repair
where week_start > statement_timestamp() - interval '12 weeks'
order by week_start, how_it_ended
