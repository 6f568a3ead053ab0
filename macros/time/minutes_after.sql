{% macro minutes_after(timestamp, minutes) %}
    ({{ timestamp }} + ({{ minutes }}) * interval '1 minute')
{%- endmacro %}
