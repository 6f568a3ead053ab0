{% macro guard_balances_json(side) %}
    {#- What a row of `balances` says of every item, as {column: value}; `side` is
        wallet or expected. -#}
    jsonb_build_object(
        {%- for item in claim_reconciliation.wallet_items() %}
        {%- set kind = 'quantity' if item.kind == 'quantity' else 'expires_at' %}
        '{{ item.column }}', balances.{{ item.name }}_{{ side }}_{{ kind }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro guard_claims_json() %}
    {#- How many claims a row of `balances` counts for every item, as {item: claims}. -#}
    jsonb_build_object(
        {%- for item in claim_reconciliation.wallet_items() %}
        '{{ item.name }}', balances.{{ item.name }}_claims{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro guard_discrepancies_json() %}
    {#- What is wrong with a row of `balances`, as {item: type}, by the models' own rules; a
        negative expectation is a fault of the ledger, and no plan touches it, unless
        negative_ledger_policy allows it. -#}
    jsonb_strip_nulls(jsonb_build_object(
        {%- for item in claim_reconciliation.wallet_items() %}
        {%- set wallet = 'balances.' ~ item.name ~ '_wallet_' %}
        {%- set expected = 'balances.' ~ item.name ~ '_expected_' %}
        {%- if item.kind == 'quantity' %}
        '{{ item.name }}',
        {{ 'case when ' ~ expected ~ 'quantity >= 0 then'
            if var('negative_ledger_policy') == 'ask' }}
        {{ claim_reconciliation.quantity_discrepancy_type(
            'balances.has_wallet', wallet ~ 'quantity', expected ~ 'quantity'
        ) | indent(4) }}
        {{ 'end' if var('negative_ledger_policy') == 'ask' }}
        {%- else %}
        '{{ item.name }}',
        {{ claim_reconciliation.expiry_discrepancy_type(
            'balances.has_wallet', wallet ~ 'expires_at', expected ~ 'expires_at',
            'balances.built_at'
        ) | indent(4) }}
        {%- endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    ))
{%- endmacro %}
