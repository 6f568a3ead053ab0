{% macro seconds_between(earlier, later) %}
    {#- Seconds from `earlier` to `later`, with microseconds; infinite where one of them is. -#}
    (extract(epoch from {{ later }}) - extract(epoch from {{ earlier }}))::double precision
{%- endmacro %}
