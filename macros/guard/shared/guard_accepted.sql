{% macro guard_accepted(user_ids) -%}
    {#- The CTE of what somebody accepted for these users and has not run out. -#}
    accepted as materialized (
        {%- if claim_reconciliation.has_source('accepted_discrepancies') %}
        select stored.user_id, stored.item
        from (
            {{ claim_reconciliation.guard_rows_of(
                'accepted_discrepancies',
                ['user_id', 'item', 'reason', 'accepted_by', 'accepted_until'], user_ids
            ) | indent(12) }}
        ) as stored
        where {{ claim_reconciliation.is_accepted('stored', 'clock_timestamp()') }}
        {%- else %}
        select null::{{ var('user_id_data_type') }} as user_id, null::text as item where false
        {%- endif %}
    ),
{%- endmacro %}
