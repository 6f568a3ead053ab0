{% macro guard_wallet_states_body(last_ledger_at) %}
    {#- What follows the CTE `claims`: the ledger beside the wallets, by the models' own rules. #}
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
    adjustments as (
        {{ claim_reconciliation.guard_rows_of(
            'wallet_adjustments', ['user_id', 'item', 'quantity', 'adjusted_at'], 'p_user_ids'
        ) | indent(4) }}
    ),
    {%- endif %}
    ledger as (
        {{ claim_reconciliation.ledger_by_user('claims', 'adjustments', 'claim_ops.sku_catalog') | indent(8) }}
    ),
    wallets as (
        {{ claim_reconciliation.guard_wallets('p_user_ids') | indent(4) }}
    ),
    balances as (
        {{ claim_reconciliation.wallet_balances('ledger', 'wallets', 'clock_timestamp()') | indent(8) }}
    )
    select
        balances.user_id,
        balances.has_wallet,
        {{ claim_reconciliation.guard_balances_json('wallet') | indent(4) }},
        {{ claim_reconciliation.guard_balances_json('expected') | indent(4) }},
        {{ claim_reconciliation.guard_discrepancies_json() | indent(4) }},
        balances.last_claimed_at,
        {{ last_ledger_at }},
        balances.wallet_updated_at,
        balances.wallet_updated_at is not distinct from own_write.wallet_updated_at
            and balances.wallet_updated_at is not null
    from balances
    left join lateral (
        select journal.wallet_updated_at
        from claim_ops.journal
        where journal.user_id = balances.user_id and journal.event = 'applied' and journal.wallet_updated_at is not null
        order by journal.entry_id desc
        limit 1
    ) as own_write on true;
end
$function$;
{%- endmacro %}
