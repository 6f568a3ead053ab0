{% macro current_time() %}
    {#- The moment that a statement's rows are judged by: `as_of` where it is set, else the
        statement's own start. -#}
    {%- if var('as_of', none) -%}
        {{ claim_reconciliation.moment(var("as_of")) }}
    {%- else -%}
        {{ claim_reconciliation.statement_start() }}
    {%- endif -%}
{% endmacro %}


{% macro statement_start() %}
    {{- return(adapter.dispatch('statement_start', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__statement_start() %}
    {{- return('statement_timestamp()') -}}
{% endmacro %}


{% macro spark__statement_start() %}
    {{- return('current_timestamp()') -}}
{% endmacro %}
