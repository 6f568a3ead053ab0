{% macro mapped_column(table, column) %}
    {#- The name that the consumer's table gives the column. -#}
    {{- return(var('claim_service_columns', {}).get(table, {}).get(column, column)) -}}
{% endmacro %}


{% macro service_column(table, column) %}
    {#- A select expression: `column`, or `"mapped" as column` where the consumer's table names it otherwise. -#}
    {%- set mapped = claim_reconciliation.mapped_column(table, column) -%}
    {{- column if mapped == column else adapter.quote(mapped) ~ ' as ' ~ column -}}
{% endmacro %}
