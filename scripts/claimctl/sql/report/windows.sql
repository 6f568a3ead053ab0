-- Grain: one row a day of the last days in UTC:
-- how many of its quarters of an hour met their objectives.
select
    date_trunc('day', window_start, 'UTC') as day,
    count(*) filter (where state = 'met') as met,
    count(*) filter (where state = 'missed') as missed,
    count(*) filter (where state = 'low_traffic') as low_traffic,
    count(*) filter (where state = 'no_data') as no_data,
    max(slo_latency_ms) as slo_latency_ms
from {models}.rpt_slo_windows
where window_start > statement_timestamp() - %(days)s * interval '1 day'
group by 1
order by 1
