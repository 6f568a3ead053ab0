{% macro trailing_counts(minutes) %}
    {#- A query for the counts up to each minute, one row each: all so far, which the recent ones
        are differences of, and those of the last 5 minutes and of the last hour. A new count is one
        line here. -#}
select
    judged_at,
    build_number,
    row_number() over so_far as minute_number,
    coalesce(sum(requests) over so_far, 0) as requests_so_far,
    coalesce(sum(errors) over so_far, 0) as errors_so_far,
    coalesce(sum(timed_requests) over so_far, 0) as timed_so_far,
    coalesce(sum(over_alert_latency) over so_far, 0) as slow_so_far,
    sum(requests) over last_5_minutes as requests_5m,
    sum(timed_requests) over last_5_minutes as timed_requests_5m,
    sum(requests) over last_hour as requests_60m,
    sum(errors) over last_hour as errors_60m,
    sum(conflicts) over last_hour as conflicts_60m
from {{ minutes }}
window
    so_far as (order by judged_at rows unbounded preceding),
    last_5_minutes as (order by judged_at rows 4 preceding),
    last_hour as (order by judged_at rows 59 preceding)
{%- endmacro %}
