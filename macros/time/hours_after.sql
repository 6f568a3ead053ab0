{% macro hours_after(timestamp, hours) %}
    {#- Hours, never days: a day is 23 or 25 hours long where daylight saving changes,
        an hour is an hour. -#}
    ({{ timestamp }} + ({{ hours }}) * interval '1 hour')
{%- endmacro %}
