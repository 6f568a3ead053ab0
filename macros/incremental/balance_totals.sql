{% macro total_columns() %}
    {#- The sums over balances, a row an item, by their names. -#}
    {{- return({
        'users': 'count(*)',
        'total_balance': 'coalesce(sum(balance), 0)',
        'users_with_balance': 'count(*) filter (where balance > 0)',
        'users_ever': 'count(*) filter ('
            'where claims > 0 or balance > 0 or wallet_expires_at is not null)',
        'wallets': 'count(*) filter (where has_wallet)',
        'short': "count(*) filter (where discrepancy_type = 'short')",
        'excess': "count(*) filter (where discrepancy_type = 'excess')",
        'missing_wallets': "count(*) filter (where discrepancy_type = 'missing_wallet')",
        'unsettled': 'count(*) filter (where discrepancy_type is not null and not is_settled)',
        'settled_balances': 'count(*) filter (where is_settled)',
        'settled_accurate_balances': 'count(*) filter ('
            'where is_settled and discrepancy_type is null)',
    }) -}}
{% endmacro %}


{% macro balance_totals(balances, condition=none) %}
    {#- A query for the sums over wide rows of balances, one row an item that has any. -#}
select
    item,
    {%- for name, sum in claim_reconciliation.total_columns().items() %}
    ({{ sum }})::bigint as {{ name }},
    {%- endfor %}
    max(built_at) as built_at
from (
    select
        *,
        coalesce(
            case
                when wallet_expires_at is not null then (wallet_expires_at > built_at)::int
                else wallet_quantity
            end, 0
        ) as balance
    from (
        {{ claim_reconciliation.wallet_balances_by_item(balances, condition) | indent(8) }}
    ) as balances_by_item
) as held
group by item
{%- endmacro %}


{% macro all_balance_totals(balances) %}
    {#- A query for the sums over all of int_wallet_balances, of which only what is not at rest is
        read; the sums over the rest are kept. -#}
select
    item,
    {%- for name in claim_reconciliation.total_columns() %}
    sum({{ name }})::bigint as {{ name }},
    {%- endfor %}
    max(built_at) as built_at
from (
    {{ claim_reconciliation.balance_totals(balances, 'is_at_rest is not true') | indent(4) }}
    {%- if claim_reconciliation.keeps_totals(balances) %}
    {%- set kept = claim_reconciliation.kept_tables(balances) %}
    union all
    select
        item,
        {%- for name in claim_reconciliation.total_columns() %}
        {{ name }},
        {%- endfor %}
        (select state.built_at from {{ kept.state }} as state)
    from {{ kept.totals }}
    {%- endif %}
) as parts
group by item
{%- endmacro %}
