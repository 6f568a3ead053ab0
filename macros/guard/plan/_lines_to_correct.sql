{% macro claim_ops__lines_to_correct() %}
create function claim_ops._lines_to_correct(
    p_user_ids {{ var('user_id_data_type') }}[], p_include_excess text[], p_item text, p_limit integer
)
returns table (user_id {{ var('user_id_data_type') }}, before jsonb, after jsonb, details jsonb)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- A plan's lines are too new for statistics: by estimate one row, in truth all of them.
set enable_nestloop = off
as $function$
#variable_conflict use_column
begin
    return query
    with states as materialized (
        select states.*
        from claim_ops._wallet_states(p_user_ids) as states
        where states.discrepancies <> '{}'
            and {{ claim_reconciliation.guard_is_quiet('states') }}
    ),
    unclaimed as materialized (
        select unclaimed.user_id, unclaimed.item
        from claim_ops._unclaimed_items(array(
            select states.user_id from states
            where exists (select 1 from jsonb_each_text(states.discrepancies) where value = 'excess')
        )) as unclaimed
    ),
    {%- if claim_reconciliation.has_source('wallet_adjustments') %}
    -- Adjustments explain a change of the wallet only if one of that item stands beside it: that the source is there says
    -- nothing, because all of them may name an item that does not exist, and every spent shield would be given back.
    modelled as materialized (
        select distinct states.user_id, adjustments.item
        from states
        join (
            {{ claim_reconciliation.guard_rows_of(
                'wallet_adjustments', ['user_id', 'item', 'adjusted_at'], 'p_user_ids'
            ) | indent(12) }}
        ) as adjustments on states.user_id = adjustments.user_id
        where adjustments.adjusted_at >= states.wallet_updated_at - {{ var('settle_minutes') }} * interval '1 minute'
            and adjustments.adjusted_at <= states.wallet_updated_at + {{ var('settle_minutes') }} * interval '1 minute'
    ),
    {%- endif %}
    changes as (
        select
            states.user_id,
            case when bool_and(states.has_wallet)
                then jsonb_object_agg(items.column_name, states.wallet -> items.column_name) end as before,
            jsonb_object_agg(items.column_name, states.expected -> items.column_name) as after,
            jsonb_object_agg(items.item, found.type) as discrepancies,
            bool_or(
                items.kind = 'quantity' and found.type = 'short' and not states.is_own_write
                and states.wallet_updated_at
                > states.last_claimed_at + {{ var('settle_minutes') }} * interval '1 minute'
                {%- if claim_reconciliation.has_source('wallet_adjustments') %}
                and not exists (
                    select 1 from modelled
                    where modelled.user_id = states.user_id and modelled.item = items.item
                )
                {%- endif %}
            ) as is_suspected_spend
        from states
        cross join lateral jsonb_each_text(states.discrepancies) as found (item, type)
        join claim_ops.wallet_items as items on found.item = items.item
        -- A missing wallet is created with all that it should hold, or not at all.
        where (p_item is null or items.item = p_item or not states.has_wallet)
            and (found.type <> 'excess' or items.item = any(p_include_excess) and not exists (
                select 1 from unclaimed
                where unclaimed.user_id = states.user_id and unclaimed.item = items.item
            ))
        group by states.user_id
    )
    select
        changes.user_id,
        changes.before,
        changes.after,
        jsonb_strip_nulls(jsonb_build_object(
            'discrepancies', changes.discrepancies,
            'suspected_spend', nullif(changes.is_suspected_spend, false)
        ))
    from changes
    order by changes.user_id
    limit p_limit;
end
$function$;
comment on function claim_ops._lines_to_correct is
'The lines of a wallet correction for those of the users whose wallets are wrong and quiet now.';
{{ claim_reconciliation.guard_hand_over('_lines_to_correct') }}
{% endmacro %}
