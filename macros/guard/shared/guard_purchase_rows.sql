{% macro guard_purchase_rows(name, key, at) %}
    {#- The rows of the audit trail or the queue about these tx_ids, and where a null is among them those without one. -#}
    {%- for condition in ['= any(p_tx_ids)', 'is null and array_position(p_tx_ids, null) is not null'] %}
        select
            {%- for column in ['tx_id', 'user_id', 'sku', key, at] %}
            {{ claim_reconciliation.service_column(name, column) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ claim_reconciliation.guard_relation(name) }}
        where {{ adapter.quote(claim_reconciliation.mapped_column(name, 'tx_id')) }} {{ condition }}
            {{- claim_reconciliation.and_counts(name) }}
        {%- if not loop.last %}
        union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
