{% macro period_start(timestamp, minutes) %}
    {#- The start of the period of so many minutes that holds a time: counted from 1970 in UTC, whatever the session's
        zone, and a part of an hour. -#}
    date_bin(interval '{{ minutes }} minutes', {{ timestamp }}, timestamptz '1970-01-01 00:00:00+00')
{%- endmacro %}
