{% macro period_start(timestamp, minutes) %}
    {#- The start of the period of so many minutes that holds a time: counted from 1970 in UTC,
        whatever the session's zone, and a part of an hour. -#}
    {{- return(adapter.dispatch('period_start', 'claim_reconciliation')(timestamp, minutes)) -}}
{%- endmacro %}


{% macro default__period_start(timestamp, minutes) -%}
    date_bin(
        interval '{{ minutes }} minutes', {{ timestamp }}, timestamptz '1970-01-01 00:00:00+00'
    )
{%- endmacro %}


{% macro spark__period_start(timestamp, minutes) -%}
    timestamp_micros(
        unix_micros({{ timestamp }}) - pmod(unix_micros({{ timestamp }}), {{ minutes * 60000000 }})
    )
{%- endmacro %}
