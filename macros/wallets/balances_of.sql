{% macro balances_of(claims, wallets, adjustments, sku_catalog, users=none) %}
    {#- A query for what wallets should hold and what they hold: one row a user with a claim, an
        adjustment or a wallet, or only of `users`, a table of user ids. Claims and wallets are each
        read once, hence at one snapshot. -#}
    {%- set filter -%}
        {%- if users %}
    inner join {{ users }} as wanted on stored.user_id = wanted.user_id
        {%- endif -%}
    {%- endset %}
with

claims as (
    select stored.* from {{ claims }} as stored
    {{- filter }}
),

wallets as (
    {{ claim_reconciliation.one_wallet_a_user(wallets) | indent(4) }}
),

{%- if claim_reconciliation.has_source('wallet_adjustments') %}

adjustments as (
    select stored.* from {{ adjustments }} as stored
    {{- filter }}
),
{%- endif %}

ledger as (
    {{ claim_reconciliation.ledger_by_user('claims', 'adjustments', sku_catalog) | indent(4) }}
),

balances as (
    {%- set whose = '(select stored.* from wallets as stored' ~ filter ~ ')'
        if users else 'wallets' %}
    {{ claim_reconciliation.wallet_balances('ledger', whose, claim_reconciliation.current_time())
        | indent(4) }}
),

final as (
    select
        *,
        {{ claim_reconciliation.is_settled('last_activity_at', 'built_at') }} as is_settled
    from balances
)

select * from final
{%- endmacro %}
