{% macro is_payment(status) %}
    {#- Whether the store reports that the user paid. An unknown status is none. -#}
    coalesce(
        {{ claim_reconciliation.typed(status, 'text') }}
        in {{ claim_reconciliation.quoted_list(var('recoverable_statuses')) }},
        false
    )
{%- endmacro %}


{% macro is_refund(status) %}
    {#- Whether the store reports that it gave the money back. An unknown status is none. -#}
    coalesce(
        {{ claim_reconciliation.typed(status, 'text') }}
        in {{ claim_reconciliation.quoted_list(var('refund_statuses')) }},
        false
    )
{%- endmacro %}


{% macro quoted_list(values) %}
    {%- if values is string or values is not iterable -%}
        {%- do claim_reconciliation.check_vars() -%}
    {%- endif -%}
    {%- set quoted = [] -%}
    {%- for value in values -%}
        {%- do quoted.append("'" ~ (value | string | replace("'", "''")) ~ "'") -%}
    {%- endfor -%}
    {{- return('(' ~ (quoted or ['null']) | join(', ') ~ ')') -}}
{% endmacro %}
