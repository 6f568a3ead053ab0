{% macro guard_wrong_balances() -%}
    {#- CTEs over v_user_ids: their balances that are wrong now, and the adjustments that explain a
        change of the wallet. #}
    states as materialized (
        select states.* from claim_ops._wallet_states(v_user_ids) as states
    ),
    wrong as materialized (
        select
            states.*, items.item, items.column_name, items.kind, found.type, quiet.is_quiet,
            greatest(states.last_ledger_at, states.wallet_changed_at) as last_activity_at,
            quiet.is_quiet and items.kind = 'quantity' and found.type = 'short' as is_quiet_short,
            case when items.kind = 'quantity' and found.type = 'excess' then
                (states.wallet ->> items.column_name)::numeric
                - (states.expected ->> items.column_name)::numeric
            end as excess
        from states
        cross join lateral (
            select {{ claim_reconciliation.guard_is_quiet('states') }} as is_quiet
        ) as quiet
        cross join claim_ops.wallet_items as items
        cross join lateral (
            select case
                {%- if var('negative_ledger_policy') == 'ask' %}
                when items.kind = 'quantity'
                    and (states.expected ->> items.column_name)::numeric < 0
                    and states.wallet -> items.column_name
                        is distinct from states.expected -> items.column_name
                    then 'negative_ledger'
                {%- endif %}
                when true then states.discrepancies ->> items.item
            end as type
        ) as found
        where found.type is not null
    ),
    {{ claim_reconciliation.guard_accepted('v_user_ids') }}
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
    -- Adjustments explain a change of the wallet only if one of that item stands beside it: that
    -- the source is there says nothing, because all of them may name an item that does not exist,
    -- and every spent shield would be given back.
    modelled as materialized (
        select distinct wrong.user_id, wrong.item
        from wrong
        join (
            {{ claim_reconciliation.guard_rows_of(
                'wallet_adjustments', ['user_id', 'item', 'adjusted_at'], 'v_user_ids'
            ) | indent(12) }}
        ) as adjustments on wrong.user_id = adjustments.user_id and wrong.item = adjustments.item
        where adjustments.adjusted_at
            >= wrong.wallet_updated_at - {{ var('settle_minutes') }} * interval '1 minute'
            and adjustments.adjusted_at
                <= wrong.wallet_updated_at + {{ var('settle_minutes') }} * interval '1 minute'
    ),
    {%- endif %}
{%- endmacro %}


{% macro guard_is_suspected_spend(wrong) -%}
    {#- A quantity that is short although its wallet changed long after the user's last claim, not
        by us: spent, not lost. -#}
    coalesce(
        {{ wrong }}.is_quiet_short and not {{ wrong }}.is_own_write
        and {{ wrong }}.wallet_updated_at
            > {{ wrong }}.last_claimed_at + {{ var('settle_minutes') }} * interval '1 minute'
        {%- if claim_reconciliation.has_source('wallet_adjustments') %}
        and not exists (
            select 1 from modelled
            where modelled.user_id = {{ wrong }}.user_id and modelled.item = {{ wrong }}.item
        )
        {%- endif %},
        false
    )
{%- endmacro %}
