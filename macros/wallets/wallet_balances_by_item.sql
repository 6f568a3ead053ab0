{% macro wallet_balances_by_item(balances, condition=none) %}
    {#- The wide rows of int_wallet_balances as long ones: one row a user and item, every column of
        every kind, null where the item's kind has none. Both kinds have the same types, and
        `balances` is best a relation: PostgreSQL then scans each part in parallel and by index,
        which it does for no CTE that is read twice. `condition` narrows the rows. -#}
    {%- for item in claim_reconciliation.wallet_items() %}
select
    user_id,
    '{{ item.name }}' as item,
    has_wallet,
    {{ item.name }}_claims as claims,
    {{ item.name }}_quantity_claimed as quantity_claimed,
    {{ item.name }}_first_claimed_at as first_claimed_at,
    {{ item.name }}_last_claimed_at as last_claimed_at,
    {%- if item.kind == 'quantity' %}
    cast({{ item.name }}_wallet_quantity as bigint) as wallet_quantity,
    cast({{ item.name }}_expected_quantity as bigint) as expected_quantity,
    cast(null as {{ claim_reconciliation.type_name('timestamptz') }}) as wallet_expires_at,
    cast(null as {{ claim_reconciliation.type_name('timestamptz') }}) as expected_expires_at,
    {{ claim_reconciliation.quantity_discrepancy_type(
        'has_wallet', item.name ~ '_wallet_quantity', item.name ~ '_expected_quantity'
    ) | indent(4) }} as discrepancy_type,
    {%- else %}
    cast(null as bigint) as wallet_quantity,
    cast(null as bigint) as expected_quantity,
    {{ item.name }}_wallet_expires_at as wallet_expires_at,
    {{ item.name }}_expected_expires_at as expected_expires_at,
    {{ claim_reconciliation.expiry_discrepancy_type(
        'has_wallet', item.name ~ '_wallet_expires_at', item.name ~ '_expected_expires_at',
        'built_at'
    ) | indent(4) }} as discrepancy_type,
    {%- endif %}
    wallet_updated_at,
    last_activity_at,
    is_settled,
    built_at
from {{ balances }}
        {%- if condition %}
where {{ condition }}
        {%- endif %}
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}
