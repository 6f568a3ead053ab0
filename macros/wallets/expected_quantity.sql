{% macro expected_quantity(total) %}
    {#- What a wallet should hold where the ledger sums up to this, by negative_ledger_policy.
        `clamp`: a ledger that took more than it gave leaves nothing. `allow`: the wallet may owe.
        `ask`: the sum as it is, which is a fault of the ledger. -#}
    {%- set quantity = 'coalesce(' ~ total ~ ', 0)' -%}
    {{- return(
        'greatest(' ~ quantity ~ ', 0)' if var('negative_ledger_policy') == 'clamp' else quantity
    ) -}}
{% endmacro %}
