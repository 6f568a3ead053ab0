{% macro utc_text(timestamp) %}
    {#- A time as people read it, in UTC. -#}
    to_char({{ timestamp }} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
{%- endmacro %}
