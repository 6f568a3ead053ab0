{% macro is_account_gone(user_id, accounts) %}
    {#- Whether a user has no account any more; nobody is gone where the service has no table of
        them, or an empty one. A row that names no user is nobody's. `accounts` is a relation with
        the column user_id. -#}
    {%- if claim_reconciliation.has_source('users') -%}
        (
            {{ user_id }} is not null
            and exists (select 1 from {{ accounts }})
            and not exists (
                select 1 from {{ accounts }} as accounts where accounts.user_id = {{ user_id }}
            )
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
