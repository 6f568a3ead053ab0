{% macro wall_time(timestamp, zone) %}
    {#- What the clocks of a zone show at a moment. -#}
    ({{ timestamp }} at time zone '{{ zone }}')
{%- endmacro %}
