{% macro guard_claim_columns() %}
    {#- The columns of the service's table of claims that a plan writes, quoted, by the
        package's names. -#}
    {%- set names = dict() -%}
    {%- for column in ['tx_id', 'user_id', 'sku', 'claimed_at', 'units']
        if column != 'units' or claim_reconciliation.keeps_units(['purchase_claims']) -%}
        {%- do names.update(
            {column: adapter.quote(claim_reconciliation.mapped_column('purchase_claims', column))}
        ) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}
