{% macro wallet_balances(ledger, wallets, now) %}
    {#- The ledger beside the wallets: one row a user with an entry in either.
        Model and guard both call it. -#}
select
    coalesce(ledger.user_id, wallets.user_id) as user_id,
    wallets.user_id is not null as has_wallet,
    coalesce(ledger.entries, 0) as ledger_entries,
    coalesce(ledger.claims, 0) as claims,
    ledger.last_claimed_at,
    ledger.last_ledger_at,
    wallets.updated_at as wallet_updated_at,
    greatest(ledger.last_ledger_at, wallets.updated_at) as last_activity_at,
    {%- for item in claim_reconciliation.wallet_items() %}
    coalesce(ledger.{{ item.name }}_claims, 0) as {{ item.name }}_claims,
    coalesce(ledger.{{ item.name }}_quantity_claimed, 0) as {{ item.name }}_quantity_claimed,
    ledger.{{ item.name }}_first_claimed_at,
    ledger.{{ item.name }}_last_claimed_at,
    {%- if item.kind == 'quantity' %}
    {{ claim_reconciliation.expected_quantity('ledger.' ~ item.name ~ '_expected_quantity') }}
        as {{ item.name }}_expected_quantity,
    wallets.{{ item.name }}_quantity as {{ item.name }}_wallet_quantity,
    {%- else %}
    ledger.{{ item.name }}_expected_expires_at,
    wallets.{{ item.name }}_expires_at as {{ item.name }}_wallet_expires_at,
    {%- endif %}
    {%- endfor %}
    {{ now }} as built_at
from {{ ledger }} as ledger
full outer join {{ wallets }} as wallets on ledger.user_id = wallets.user_id
{% endmacro %}


{% macro one_wallet_a_user(wallets) %}
    {#- A query for the wallets of known users. Where no key of the service's own forbids a second
        one, the last written counts: two rows a user would break each model, and the test of source
        rows tells of them. -#}
    {{- return(adapter.dispatch('one_wallet_a_user', 'claim_reconciliation')(wallets)) -}}
{% endmacro %}


{% macro default__one_wallet_a_user(wallets) %}
    {%- set may_double = claim_reconciliation.wallets_may_double() -%}
select {{ 'distinct on (user_id) ' if may_double }}* from {{ wallets }}
where user_id is not null
    {%- if may_double %}
order by user_id, updated_at desc nulls last
    {%- endif %}
{%- endmacro %}


{% macro spark__one_wallet_a_user(wallets) -%}
    {#- A lake has no keys. -#}
select *
from (
    select
        *,
        row_number() over (partition by user_id order by updated_at desc nulls last)
            as wallet_number
    from {{ wallets }}
    where user_id is not null
) as numbered
where wallet_number = 1
{%- endmacro %}


{% macro wallets_may_double() %}
    {#- Whether no key of the service's own forbids a user a second wallet. -#}
    {%- for column in (claim_reconciliation.looked_up_columns() if execute else [])
        if column.source == 'user_wallet_balances' and column.name == 'user_id' and column.table_id
        and run_query('select 1 where not ' ~ claim_reconciliation.has_unique_key(
            column.table_id, "'" ~ column.column_name ~ "'"
        )).rows | length -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(false) -}}
{% endmacro %}
