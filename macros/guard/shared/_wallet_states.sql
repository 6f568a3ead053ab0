{% macro claim_ops__wallet_states() %}
create function claim_ops._wallet_states(p_user_ids {{ var('user_id_data_type') }}[])
{{ claim_reconciliation.guard_wallet_states_header() }}
    with claims as (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at', 'units'], 'p_user_ids'
        ) | indent(4) }}
    ),
{{ claim_reconciliation.guard_wallet_states_body() }}
comment on function claim_ops._wallet_states is
$$What the wallets of these users hold and what the ledger says that they should, one row a user
with either; item columns as jsonb, discrepancies as {item: type} without those that no plan may
touch (a negative expectation). Each call reads at a snapshot of its own: call it in a statement
after the one that locked the wallets.$$;
{{ claim_reconciliation.guard_hand_over('_wallet_states') }}
{% endmacro %}
