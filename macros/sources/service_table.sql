{% macro service_table(name) %}
    {#- The relation of a source table, under the name and schema that the consumer maps it to. -#}
    {%- set mapped = claim_reconciliation.map_var('claim_service_tables').get(name, name) -%}
    {%- set relation = source('claim_service', name) -%}
    {%- if '.' in mapped -%}
        {%- set relation = relation.incorporate(path={'schema': mapped.split('.')[0]}) -%}
    {%- endif -%}
    {{- return(relation) -}}
{% endmacro %}
