{{ config(materialized='parallel_table') }}
-- Grain: one row an item, also where nobody holds it. Its columns fit every kind of item, as the
-- runbook's union did not.
with

items as (
    {%- for item in claim_reconciliation.wallet_items() %}
        select '{{ item.name }}' as item{{ ' union all' if not loop.last }}
    {%- endfor %}
),

totals as (
    {{ claim_reconciliation.all_balance_totals(ref('int_wallet_balances')) | indent(4) }}
),

-- What somebody accepted for a while, and what is of an account that is gone, is no fault:
-- counted apart.
excused as (
    {{ claim_reconciliation.excused_balances(
        ref('fct_wallet_discrepancies')
        if claim_reconciliation.has_source('accepted_discrepancies')
        or claim_reconciliation.has_source('users')
    ) | indent(4) }}
),

final as (
    select
        items.item,
        coalesce(totals.total_balance, 0)::bigint as total_balance,
        coalesce(totals.users_with_balance, 0)::bigint as users_with_balance,
        coalesce(totals.users_ever, 0)::bigint as users_ever,
        coalesce(totals.wallets, 0)::bigint as wallets,
        (coalesce(totals.short, 0) - coalesce(excused.short, 0))::bigint as short,
        (coalesce(totals.excess, 0) - coalesce(excused.excess, 0))::bigint as excess,
        (coalesce(totals.missing_wallets, 0) - coalesce(excused.missing_wallets, 0))::bigint
            as missing_wallets,
        (coalesce(totals.unsettled, 0) - coalesce(excused.excused - excused.settled, 0))::bigint
            as unsettled,
        coalesce(totals.settled_balances, 0)::bigint as settled_balances,
        (coalesce(totals.settled_accurate_balances, 0) + coalesce(excused.settled, 0))::bigint
            as settled_accurate_balances,
        {{ claim_reconciliation.typed(
            '(totals.settled_accurate_balances + coalesce(excused.settled, 0))', 'double precision'
        ) }} / nullif(totals.settled_balances, 0) as accuracy,
        coalesce(totals.built_at, {{ claim_reconciliation.current_time() }}) as built_at,
        coalesce(excused.accepted, 0)::bigint as accepted,
        coalesce(excused.accounts_gone, 0)::bigint as accounts_gone
    from items
    left join totals on items.item = totals.item
    left join excused on items.item = excused.item
)

select * from final
