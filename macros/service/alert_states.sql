{% macro alert_states(changes) %}
    {#- A query for the states of the alerts, one row a rule and span of minutes with one state and
        one signal, from the minutes in which signals change. A span's end_minute is the one after
        its last. -#}
with

spans as (
    select
        *,
        lead(first_minute, 1, last_known_minute + 1) over (partition by alert order by first_minute)
            as end_minute
    from {{ changes }}
),

-- Where the first full run of breaches after an ok ends, an alert fires;
-- nothing but the next ok ends that.
runs as (
    select
        *,
        case
            when signal = 'breach' and end_minute - first_minute >= for_minutes
                then first_minute + for_minutes - 1
        end as full_at,
        coalesce(
            max(first_minute) filter (where signal = 'ok')
            over (partition by alert order by first_minute rows unbounded preceding), 0
        ) as last_ok
    from spans
),

firings as (
    select
        *,
        min(full_at) over (
            partition by alert, last_ok order by first_minute rows unbounded preceding
        ) as fired_at
    from runs
)

select
    alert,
    signal,
    case when signal = 'breach' then 'pending' else signal end as state,
    first_minute as since_minute,
    first_minute,
    case when fired_at is null then end_minute else greatest(fired_at, first_minute) end
        as end_minute
from firings
union all
select
    alert,
    signal,
    'firing',
    fired_at,
    greatest(fired_at, first_minute),
    end_minute
from firings
where fired_at is not null
{%- endmacro %}
