{% macro keeps_totals(balances) %}
    {{- return(adapter.dispatch('keeps_totals', 'claim_reconciliation')(balances)) -}}
{% endmacro %}

{% macro default__keeps_totals(balances) %}
    {#- Whether a build keeps sums beside these balances:
        the rows of a unit test nobody has built. -#}
    {{- return(execute and not balances.is_cte) -}}
{% endmacro %}

{% macro spark__keeps_totals(balances) %}
    {{- return(false) -}}
{% endmacro %}
