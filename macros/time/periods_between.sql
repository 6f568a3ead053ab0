{% macro periods_between(first, last, minutes) %}
    {#- A set of the starts of all periods from the first to the last, so that a period without any row is a row. -#}
    generate_series({{ first }}, {{ last }}, interval '{{ minutes }} minutes')
{%- endmacro %}
