{% macro mapped_column(table, column) %}
    {#- The name that the consumer's table gives the column; none where it is mapped to null, because there is none. -#}
    {{- return(var('claim_service_columns', {}).get(table, {}).get(column, column)) -}}
{% endmacro %}


{% macro service_column(table, column) %}
    {#- A select expression: `column`, or `"mapped" as column` where the consumer's table names it otherwise, or a null
        where it has no such column. -#}
    {%- set mapped = claim_reconciliation.mapped_column(table, column) -%}
    {%- if mapped is none -%}
        null::text as {{ column }}
    {%- elif mapped == column -%}
        {{ column }}
    {%- else -%}
        {{ adapter.quote(mapped) }} as {{ column }}
    {%- endif -%}
{% endmacro %}
