{% macro guard_purchase_rows(name, key, at) %}
    {#- The rows of the audit trail or the queue about these tx_ids, and where a null is among them
        those without one. -#}
    {%- for condition in [
        claim_reconciliation.key_is_any(name, 'tx_id', 'p_tx_ids'),
        claim_reconciliation.service_value(name, 'tx_id')
            ~ ' is null and array_position(p_tx_ids, null) is not null',
    ] %}
        select
            {%- for column in ['tx_id', 'user_id', 'sku', key, at, 'units'] %}
            {{ claim_reconciliation.service_column(name, column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ claim_reconciliation.guard_relation(name) }}
        where {{ condition }}
            {{- claim_reconciliation.and_counts(name) }}
        {%- if not loop.last %}
        union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
