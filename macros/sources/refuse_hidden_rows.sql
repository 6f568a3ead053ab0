{% macro refuse_hidden_rows() %}
    {{- return(adapter.dispatch('refuse_hidden_rows', 'claim_reconciliation')()) -}}
{% endmacro %}

{% macro default__refuse_hidden_rows() %}
{% endmacro %}

{% macro postgres__refuse_hidden_rows() %}
    {#- A row hidden by a policy becomes an error instead of a user without claims. -#}
    set local row_security = off
{% endmacro %}
