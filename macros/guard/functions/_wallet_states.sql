{% macro guard_wallet_states() %}
create function claim_ops._wallet_states(p_user_ids {{ var('user_id_data_type') }}[])
{{ claim_reconciliation.guard_wallet_states_header() }}
    with claims as (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at'], 'p_user_ids'
        ) | indent(4) }}
    ),
{{ claim_reconciliation.guard_wallet_states_body('balances.last_ledger_at') }}
comment on function claim_ops._wallet_states is
$$What the wallets of these users hold and what the ledger says that they should, one row a user with either; item
columns as jsonb, discrepancies as {item: type} without those that no plan may touch (a negative expectation). Each call
reads at a snapshot of its own: call it in a statement after the one that locked the wallets.$$;
{% endmacro %}


{% macro guard_wallet_states_with() %}
create function claim_ops._wallet_states_with(p_user_ids {{ var('user_id_data_type') }}[], p_claims jsonb)
{{ claim_reconciliation.guard_wallet_states_header() }}
    with planned as materialized (
        select claim.*
        from jsonb_to_recordset(p_claims) as claim (
            tx_id text, user_id {{ var('user_id_data_type') }}, sku text, claimed_at timestamptz
        )
    ),
    others as materialized (
        select stored.*
        from (
            {{ claim_reconciliation.guard_rows_of(
                'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at'], 'p_user_ids'
            ) | indent(8) }}
        ) as stored
        where not exists (select 1 from planned where planned.tx_id = stored.tx_id)
    ),
    claims as (
        select others.tx_id, others.user_id, others.sku, others.claimed_at from others
        union all
        select planned.tx_id, planned.user_id, planned.sku, planned.claimed_at from planned
    ),
{%- set others -%}
        (
            select max(activity.occurred_at)
            from (
                select others.claimed_at as occurred_at from others where others.user_id = balances.user_id
                {%- if var('has_wallet_adjustments') %}
                union all
                select adjustments.adjusted_at from adjustments where adjustments.user_id = balances.user_id
                {%- endif %}
            ) as activity
        )
{%- endset %}
{{ claim_reconciliation.guard_wallet_states_body(others) }}
comment on function claim_ops._wallet_states_with is
$$As _wallet_states, with these claims ({tx_id, user_id, sku, claimed_at}), stored already or not; last_ledger_at is that of all
other entries, so that a plan's own claims are no sign of life.$$;
{% endmacro %}


{% macro guard_wallet_states_header() %}
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
{%- endmacro %}


{% macro guard_wallet_states_body(last_ledger_at) %}
    {#- What follows the CTE `claims`: the ledger beside the wallets, by the models' own rules. #}
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
