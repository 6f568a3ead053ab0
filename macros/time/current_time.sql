{% macro current_time() %}
    {#- The moment that a statement's rows are judged by: `as_of` where it is set, else the statement's own start. -#}
    {%- if var('as_of', none) -%}
        timestamptz '{{ var("as_of") }}'
    {%- else -%}
        statement_timestamp()
    {%- endif -%}
{% endmacro %}
