{% macro guard_is_account_gone(user_id) -%}
    {#- As is_account_gone, live. -#}
    {%- if claim_reconciliation.has_source('users') -%}
        ({{ user_id }} is not null and exists (
            select 1 from {{ claim_reconciliation.guard_relation('users') }}
            {{ claim_reconciliation.where_counts('users') }}
        ) and not exists (
            select 1 from {{ claim_reconciliation.guard_relation('users') }} as accounts
            where {{ claim_reconciliation.key_equals('users', 'user_id', user_id, 'accounts') }}
                {{- claim_reconciliation.and_counts('users') }}
        ))
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
