{% macro is_at_rest(balances, now) %}
    {#- Whether time alone can change nothing of a user's row any more, and nothing is wrong:
        settled, each quantity right, no expiry ahead. -#}
    (
        {{ claim_reconciliation.is_settled(balances ~ '.last_activity_at', now) }}
    {%- for item in claim_reconciliation.wallet_items() %}
        {%- set wallet = balances ~ '.' ~ item.name ~ '_wallet_' %}
        {%- set expected = balances ~ '.' ~ item.name ~ '_expected_' %}
        {%- if item.kind == 'quantity' %}
        and ({{ claim_reconciliation.quantity_discrepancy_type(
            balances ~ '.has_wallet', wallet ~ 'quantity', expected ~ 'quantity'
        ) }}) is null
        {%- else %}
        and ({{ wallet }}expires_at > {{ now }}) is not true
        and ({{ expected }}expires_at > {{ now }}) is not true
        {%- endif %}
    {%- endfor %}
    )
{%- endmacro %}


{% macro is_wrong(balances, now) %}
    {#- Whether an item of a user's row is wrong. Time alone makes it right, never wrong. -#}
    (
    {%- for item in claim_reconciliation.wallet_items() %}
        {%- set wallet = balances ~ '.' ~ item.name ~ '_wallet_' %}
        {%- set expected = balances ~ '.' ~ item.name ~ '_expected_' %}
        {{ 'or ' if not loop.first }}(
        {%- if item.kind == 'quantity' %}
            {{ claim_reconciliation.quantity_discrepancy_type(
                balances ~ '.has_wallet', wallet ~ 'quantity', expected ~ 'quantity'
            ) | indent(8) }}
        {%- else %}
            {{ claim_reconciliation.expiry_discrepancy_type(
                balances ~ '.has_wallet', wallet ~ 'expires_at', expected ~ 'expires_at', now
            ) | indent(8) }}
        {%- endif %}
        ) is not null
    {%- endfor %}
    )
{%- endmacro %}
