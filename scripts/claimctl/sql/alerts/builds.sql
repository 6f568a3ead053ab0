-- Grain: one row a selector: when it was built last, its age in minutes,
-- and the complaint where that is late.
select
    selector,
    to_char(last_built_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as last_built_at,
    round(extract(epoch from statement_timestamp() - last_built_at) / 60)::integer as age_minutes,
    interval_minutes,
    case
        when late_at <= statement_timestamp()
            then 'The selector ' || selector || ' was built last at '
                || to_char(last_built_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
                || ', and is due every '
                || interval_minutes || ' minutes: see "Is the schedule alive" in the runbook.'
    end as late
from {models}.rpt_schedule
order by interval_minutes
