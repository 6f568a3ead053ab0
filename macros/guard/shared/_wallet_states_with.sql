{% macro claim_ops__wallet_states_with() %}
create function claim_ops._wallet_states_with(
    p_user_ids {{ var('user_id_data_type') }}[], p_claims jsonb
)
{{ claim_reconciliation.guard_wallet_states_header() }}
    with planned as materialized (
        select claim.*
        from jsonb_to_recordset(p_claims) as claim (
            tx_id text, user_id {{ var('user_id_data_type') }}, sku text, claimed_at timestamptz,
            units integer
        )
    ),
    others as materialized (
        select stored.*
        from (
            {{ claim_reconciliation.guard_rows_of(
                'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at', 'units'], 'p_user_ids'
            ) | indent(8) }}
        ) as stored
        -- Stored already, a planned claim would count twice.
        where not exists (select 1 from planned where planned.tx_id = stored.tx_id)
    ),
    claims as (
        select others.tx_id, others.user_id, others.sku, others.claimed_at, others.units from others
        union all
        select planned.tx_id, planned.user_id, planned.sku, planned.claimed_at, planned.units
        from planned
    ),
{{ claim_reconciliation.guard_wallet_states_body('others') }}
comment on function claim_ops._wallet_states_with is
$$As _wallet_states, with these claims ({tx_id, user_id, sku, claimed_at, units}), stored
already or not; last_ledger_at is that of all other entries, so that a plan's own claims are
no sign of life.$$;
{{ claim_reconciliation.guard_hand_over('_wallet_states_with') }}
{% endmacro %}
