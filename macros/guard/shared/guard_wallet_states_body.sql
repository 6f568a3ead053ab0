{% macro guard_wallet_states_body(others='') %}
    {#- What follows the CTE `claims`: the ledger beside the wallets, by the models' own rules.
        `others`: the CTE of the claims that count as a sign of life, where not all do. #}
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
    adjustments as (
        {{ claim_reconciliation.guard_rows_of(
            'wallet_adjustments', ['user_id', 'item', 'quantity', 'adjusted_at'], 'p_user_ids'
        ) | indent(4) }}
    ),
    {%- endif %}
    ledger as (
        {{ claim_reconciliation.ledger_by_user(
            'claims', 'adjustments', 'claim_ops.sku_catalog'
        ) | indent(8) }}
    ),
    wallets as (
        {{ claim_reconciliation.guard_wallets('p_user_ids') | indent(4) }}
    ),
    {%- if others %}
    -- Once for all users: asked for each of them it would read the others' claims again and again.
    activity as materialized (
        select user_id, max(occurred_at) as last_ledger_at
        from (
            select user_id, claimed_at as occurred_at from {{ others }}
            {%- if claim_reconciliation.has_source('wallet_adjustments') %}
            union all
            select user_id, adjusted_at from adjustments
            {%- endif %}
        ) as entries
        group by user_id
    ),
    {%- endif %}
    balances as (
        {{ claim_reconciliation.wallet_balances(
            'ledger', 'wallets', 'clock_timestamp()'
        ) | indent(8) }}
    )
    select
        balances.user_id,
        balances.has_wallet,
        {{ claim_reconciliation.guard_balances_json('wallet') | indent(4) }},
        {{ claim_reconciliation.guard_balances_json('expected') | indent(4) }},
        {{ claim_reconciliation.guard_discrepancies_json() | indent(4) }},
        balances.last_claimed_at,
        {{ 'activity' if others else 'balances' }}.last_ledger_at,
        balances.wallet_updated_at,
        own_write.is_last,
        case
            when own_write.is_last then own_write.wallet_changed_at
            else balances.wallet_updated_at
        end,
        {{ claim_reconciliation.guard_claims_json() | indent(4) }}
    from balances
    {%- if others %}
    left join activity on balances.user_id = activity.user_id
    {%- endif %}
    left join lateral (
        {{ claim_reconciliation.guard_own_write('balances.user_id') | indent(8) }}
    ) as journalled on true
    cross join lateral (
        select journalled.wallet_changed_at, case
            -- A case, so that only a wallet that we may have written is looked up again.
            when balances.wallet_updated_at = journalled.wallet_updated_at then coalesce(
                -- A writer that leaves updated_at alone gives the row a new version all the same.
                journalled.row_version = (
                    select wallets.xmin::text::bigint
                    from {{ claim_reconciliation.guard_relation('user_wallet_balances') }}
                        as wallets
                    where {{ claim_reconciliation.key_equals(
                        'user_wallet_balances', 'user_id', 'balances.user_id', 'wallets'
                    ) }}
                ),
                false
            )
            else false
        end as is_last
    ) as own_write;
end
$function$;
{%- endmacro %}
