{% macro wall_time(timestamp, zone) %}
    {#- What the clocks of a zone show at a moment. -#}
    {{- return(adapter.dispatch('wall_time', 'claim_reconciliation')(timestamp, zone)) -}}
{%- endmacro %}


{% macro default__wall_time(timestamp, zone) %}
    ({{ timestamp }} at time zone '{{ zone }}')
{%- endmacro %}


{% macro spark__wall_time(timestamp, zone) -%}
    from_utc_timestamp({{ timestamp }}, '{{ zone }}')
{%- endmacro %}


{% macro window_start(type, timestamp, zone) %}
    {#- The midnight at which a week or month begins by the clocks of a zone. `zone` is its name, or
        an expression in brackets. -#}
    {{- return(adapter.dispatch('window_start', 'claim_reconciliation')(type, timestamp, zone)) -}}
{% endmacro %}


{% macro default__window_start(type, timestamp, zone) -%}
    date_trunc(
        '{{ type }}', {{ timestamp }}, {{ zone if zone.startswith('(') else "'" ~ zone ~ "'" }}
    )
{%- endmacro %}


{% macro spark__window_start(type, timestamp, zone) -%}
    {{ claim_reconciliation.in_time_zone(
        "date_trunc('" ~ type ~ "', " ~ claim_reconciliation.wall_time(timestamp, zone) ~ ')', zone
    ) }}
{%- endmacro %}
