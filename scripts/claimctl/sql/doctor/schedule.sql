-- When each selector was built last, and whether that is longer ago than twice its interval.
with

builds as (
    select
        *,
        late_at <= statement_timestamp() as is_late,
        round(extract(epoch from statement_timestamp() - last_built_at) / 60) as age_minutes
    from {models}.rpt_schedule
)

select
    'warning' as state,
    'The selector ' || selector || ' was built last at '
    || to_char(last_built_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    || ', ' || age_minutes || ' minutes ago; it is due every ' || interval_minutes
    || '.' as finding,
    'See "Is the schedule alive" in the runbook.' as advice
from builds
where is_late
union all
select
    'ok',
    'Built last: '
    || string_agg(selector || ' ' || age_minutes || ' minutes ago', ', ' order by interval_minutes)
    || '.',
    null
from builds
having count(*) > 0 and not bool_or(is_late)
