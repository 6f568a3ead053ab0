{{ config(materialized='parallel_table') }}
-- Grain: one row an item, also where nobody holds it. Its columns fit every kind of item, as the runbook's union did
-- not.
with

balances_by_item as (
    {{ claim_reconciliation.wallet_balances_by_item(ref('int_wallet_balances')) | indent(4) }}
),

items as (
    {%- for item in claim_reconciliation.wallet_items() %}
        select '{{ item.name }}' as item{{ ' union all' if not loop.last }}
    {%- endfor %}
),

held as (
    select
        *,
        coalesce(
            case
                when wallet_expires_at is not null then (wallet_expires_at > built_at)::int
                else wallet_quantity
            end, 0
        ) as balance
    from balances_by_item
),

totals as (
    select
        item,
        sum(balance) as total_balance,
        count(*) filter (where balance > 0) as users_with_balance,
        count(*) filter (where claims > 0 or balance > 0 or wallet_expires_at is not null) as users_ever,
        count(*) filter (where has_wallet) as wallets,
        count(*) filter (where discrepancy_type = 'short') as short,
        count(*) filter (where discrepancy_type = 'excess') as excess,
        count(*) filter (where discrepancy_type = 'missing_wallet') as missing_wallets,
        count(*) filter (where discrepancy_type is not null and not is_settled) as unsettled,
        count(*) filter (where is_settled) as settled_balances,
        count(*) filter (where is_settled and discrepancy_type is null) as settled_accurate_balances,
        max(built_at) as built_at
    from held
    group by item
),

-- What somebody accepted for a while, and what is of an account that is gone, is no fault: counted apart.
excused as (
    {{ claim_reconciliation.excused_balances(ref('fct_wallet_discrepancies')
        if claim_reconciliation.has_source('accepted_discrepancies') or claim_reconciliation.has_source('users'))
        | indent(4) }}
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
        (coalesce(totals.missing_wallets, 0) - coalesce(excused.missing_wallets, 0))::bigint as missing_wallets,
        (coalesce(totals.unsettled, 0) - coalesce(excused.excused - excused.settled, 0))::bigint as unsettled,
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
