{% macro source_filter(name) %}
    {#- The condition of claim_service_filters by which rows of a source table count, in brackets;
        none where there is no condition. It names the table's own columns, whatever
        claim_service_columns calls them. -#}
    {%- set filters = claim_reconciliation.map_var('claim_service_filters') -%}
    {{- return('(' ~ filters[name] ~ ')' if filters.get(name) else none) -}}
{% endmacro %}


{% macro and_counts(name) %}
    {#- ` and (condition)` where the source has one, to stand behind another condition;
        else nothing. -#}
    {%- set condition = claim_reconciliation.source_filter(name) -%}
    {{- ' and ' ~ condition if condition -}}
{% endmacro %}


{% macro where_counts(name) %}
    {#- `where (condition)` where the source has one; else nothing. -#}
    {%- set condition = claim_reconciliation.source_filter(name) -%}
    {{- 'where ' ~ condition if condition -}}
{% endmacro %}
