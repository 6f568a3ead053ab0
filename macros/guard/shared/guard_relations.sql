{% macro guard_relation(name) %}
    {#- A source table as functions name it: schema and table, quoted, without the database. -#}
    {{- return(claim_reconciliation.service_table(name).include(database=false)) -}}
{% endmacro %}


{% macro guard_wallet_user() %}
    {{- adapter.quote(claim_reconciliation.mapped_column('user_wallet_balances', 'user_id')) -}}
{% endmacro %}


{% macro guard_wallet_updated_at() %}
    {{- adapter.quote(claim_reconciliation.mapped_column('user_wallet_balances', 'updated_at')) -}}
{% endmacro %}


{% macro guard_wallet_json(wallets) %}
    {#- The item columns of a wallet row as jsonb; under `timezone = UTC` equal times
        have equal texts. -#}
    jsonb_build_object(
        {%- for item in claim_reconciliation.wallet_items() %}
        '{{ item.column }}',
        {{ claim_reconciliation.wallet_value(item, wallets) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro guard_rows_of(name, columns, keys=none, key='user_id') %}
    {#- The canonical columns of a source table, where `key` is one of `keys`; of all
        rows without them. -#}
    select
        {%- for column in columns %}
        {{ claim_reconciliation.service_column(name, column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ claim_reconciliation.guard_relation(name) }}
    {%- if keys %}
    where {{ claim_reconciliation.key_is_any(name, key, keys) }}
        {{- claim_reconciliation.and_counts(name) }}
    {%- else %}
    {{ claim_reconciliation.where_counts(name) }}
    {%- endif %}
{%- endmacro %}


{% macro guard_wallets(keys=none) %}
    {#- The wallets of the users in `keys`, or all, with the columns of
        stg_claim_service__user_wallet_balances. -#}
    select
        {%- for item in claim_reconciliation.wallet_items() %}
        {%- set kind = 'quantity' if item.kind == 'quantity' else 'expires_at' %}
        {{ claim_reconciliation.wallet_value(item) }} as {{ item.name }}_{{ kind }},
        {%- endfor %}
        {{ claim_reconciliation.service_value('user_wallet_balances', 'user_id') }} as user_id,
        {{ claim_reconciliation.service_value('user_wallet_balances', 'updated_at') }} as updated_at
    from {{ claim_reconciliation.guard_relation('user_wallet_balances') }}
    {%- if keys %}
    where {{ claim_reconciliation.key_is_any('user_wallet_balances', 'user_id', keys) }}
        {{- claim_reconciliation.and_counts('user_wallet_balances') }}
    {%- else %}
    {{ claim_reconciliation.where_counts('user_wallet_balances') }}
    {%- endif %}
{%- endmacro %}
