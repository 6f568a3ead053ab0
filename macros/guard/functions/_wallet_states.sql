{% macro guard_wallet_states() %}
create function claim_ops._wallet_states(p_user_ids {{ var('user_id_data_type') }}[])
returns table (
    user_id {{ var('user_id_data_type') }},
    has_wallet boolean,
    wallet jsonb,
    expected jsonb,
    discrepancies jsonb,
    last_claimed_at timestamptz,
    last_ledger_at timestamptz,
    wallet_updated_at timestamptz,
    is_own_write boolean
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
begin
    return query
    with claims as (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at'], 'p_user_ids'
        ) | indent(4) }}
    ),
    {%- if var('has_wallet_adjustments') %}
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
        balances.last_ledger_at,
        balances.wallet_updated_at,
        balances.wallet_updated_at is not distinct from own_write.wallet_updated_at
            and balances.wallet_updated_at is not null
    from balances
    left join lateral (
        select journal.wallet_updated_at
        from claim_ops.journal
        where journal.user_id = balances.user_id and journal.event = 'applied'
        order by journal.entry_id desc
        limit 1
    ) as own_write on true;
end
$function$;
comment on function claim_ops._wallet_states is
$$What the wallets of these users hold and what the ledger says that they should, one row a user with either; item
columns as jsonb, discrepancies as {item: type} without those that no plan may touch (a negative expectation). Each call
reads at a snapshot of its own: call it in a statement after the one that locked the wallets.$$;
{% endmacro %}
