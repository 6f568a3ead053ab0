{% macro guard_claim_record(user_id='p_user_id') -%}
    {#- v_element as a row of the service's table of claims, whatever its columns are
        called and typed. -#}
        v_claim := jsonb_populate_record(null::{{
            claim_reconciliation.guard_relation('purchase_claims')
        }}, jsonb_build_object(
            {%- for column in ['tx_id', 'sku'] %}
            '{{ claim_reconciliation.mapped_column('purchase_claims', column) }}',
            v_element -> '{{ column }}',
            {%- endfor %}
            {%- if claim_reconciliation.keeps_units(['purchase_claims']) %}
            -- Claims of a plan that was made before the column was there are of one unit.
            '{{ claim_reconciliation.mapped_column('purchase_claims', 'units') }}',
            coalesce(v_element -> 'units', '1'),
            {%- endif %}
            {%- set claimed_at = claim_reconciliation.mapped_column(
                'purchase_claims', 'claimed_at'
            ) %}
            '{{ claimed_at }}', {{ claim_reconciliation.time_written(
                'purchase_claims', 'claimed_at', "(v_element ->> 'claimed_at')::timestamptz"
            ) }},
            '{{ claim_reconciliation.mapped_column('purchase_claims', 'user_id') }}', {{ user_id }}
        ));
{%- endmacro %}
