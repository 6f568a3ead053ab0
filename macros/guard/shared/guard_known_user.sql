{% macro guard_known_user(user_id) -%}
    {#- The user as the models write it, by the first wallet, claim or purchase that names it; null
        where none does. -#}
coalesce(
    {%- for name in [
        'user_wallet_balances', 'purchase_claims', 'audit_purchases', 'queued_purchases',
    ] if claim_reconciliation.has_source(name) %}
    (
        select {{ claim_reconciliation.service_value(name, 'user_id', 'stored') }}
        from {{ claim_reconciliation.guard_relation(name) }} as stored
        where {{ claim_reconciliation.key_equals(name, 'user_id', user_id, 'stored') }}
        limit 1
    ){{ ',' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}
