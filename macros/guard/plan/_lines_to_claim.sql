{% macro claim_ops__lines_to_claim() %}
create function claim_ops._lines_to_claim(
    p_purchases claim_ops.judged_purchase[], p_over_cap integer[], p_unaudited integer[],
    p_claimed_at timestamptz
)
returns table (
    user_id {{ var('user_id_data_type') }}, before jsonb, after jsonb, details jsonb, verdict text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
#variable_conflict use_column
begin
    return query
    with
    {{ claim_reconciliation.guard_planned_claims() }}
    without as materialized (
        select states.*
        from claim_ops._wallet_states(array(select users.user_id from users)) as states
    ),
    with_claims as materialized (
        select states.*
        from claim_ops._wallet_states_with(
            array(select users.user_id from users), (select jsonb_agg(planned.claim) from planned)
        ) as states
    ),
    {{ claim_reconciliation.guard_three_way_rule() }}
    select
        users.user_id,
        case when with_claims.has_wallet then (
            select coalesce(jsonb_object_agg(name, with_claims.wallet -> name), '{}')
            from unnest(changes.columns) as name
        ) end,
        (
            select coalesce(jsonb_object_agg(name, with_claims.expected -> name), '{}')
            from unnest(changes.columns) as name
        ),
        jsonb_build_object(
            'claims', users.claims, 'items', to_jsonb(users.items),
            'credited', coalesce(changes.credited, '[]')
        ),
        case
            when not {{ claim_reconciliation.guard_is_quiet('with_claims') }} then 'in_flight'
            when not changes.agrees then 'wallet_disagrees'
        end
    from users
    join with_claims on users.user_id = with_claims.user_id
    join changes on users.user_id = changes.user_id;
end
$function$;
comment on function claim_ops._lines_to_claim is
$$One row a user of these purchases, with the line that claims them: an item is credited where the
wallet matched the ledger before the claims, and left where it holds them already. A verdict says
why the user is left out: in_flight, or wallet_disagrees, where the wallet is neither.$$;
{{ claim_reconciliation.guard_hand_over('_lines_to_claim') }}
{% endmacro %}
