{% macro recent_start(total_so_far) %}
    {#- The number of the minute after which the recent ones begin: the latest one from which on
        min_requests were counted, at least 5 and at most alert_widest_minutes before the minute's
        own end. Totals so far never fall, so that a frame of them holds just the minutes that lie
        far enough back. -#}
    greatest(
        minute_number - {{ [var('alert_widest_minutes'), 5] | max }},
        least(
            minute_number - 5,
            coalesce(
                max(minute_number) over (
                    order by {{ total_so_far }}
                    range between unbounded preceding and {{ var('min_requests') }} preceding
                ), 0
            )
        )
    )
{%- endmacro %}
