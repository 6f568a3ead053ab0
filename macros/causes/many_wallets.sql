{% macro many_wallets() %}
    {#- How many users make a crowd: fewer who look alike may do so by chance. -#}
    {{- return(5) -}}
{% endmacro %}
