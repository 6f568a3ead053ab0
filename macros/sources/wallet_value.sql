{% macro wallet_value(item, alias=none) %}
    {#- An item's column of the wallet as the models compare it: an expiry with a zone. -#}
    {%- set name = (alias ~ '.' if alias else '') ~ adapter.quote(item.column) -%}
    {%- if item.kind == 'quantity' -%}
        {{- return(name) -}}
    {%- endif -%}
    {%- set found = claim_reconciliation.found_column('user_wallet_balances', item.column) -%}
    {{- return(claim_reconciliation.time_read('user_wallet_balances', name, found)) -}}
{% endmacro %}
