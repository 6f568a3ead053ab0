{% macro guard_lines_to_claim() %}
create function claim_ops._lines_to_claim(
    p_purchases claim_ops.plan_left_out[], p_over_cap integer[], p_unaudited integer[], p_claimed_at timestamptz
)
returns table (user_id {{ var('user_id_data_type') }}, before jsonb, after jsonb, details jsonb, verdict text)
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
        select states.* from claim_ops._wallet_states(array(select users.user_id from users)) as states
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
            select coalesce(jsonb_object_agg(name, with_claims.wallet -> name), '{}') from unnest(changes.columns) as name
        ) end,
        (select coalesce(jsonb_object_agg(name, with_claims.expected -> name), '{}') from unnest(changes.columns) as name),
        jsonb_build_object(
            'claims', users.claims, 'items', to_jsonb(users.items), 'credited', coalesce(changes.credited, '[]')
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
$$One row a user of these purchases, with the line that claims them: an item is credited where the wallet matched the ledger
before the claims, and left where it holds them already. A verdict says why the user is left out: in_flight, or
wallet_disagrees, where the wallet is neither.$$;
{% endmacro %}


{% macro guard_three_way_rule() -%}
    {#- CTEs over users, without and with_claims: what the missing claims change of each user's wallet, item by item. A wallet
        holds them already, or matched the ledger before and is credited, or neither. -#}
    items as (
        select
            users.user_id, item.name, wallet_items.column_name,
            with_claims.has_wallet and not with_claims.discrepancies ? item.name as is_held,
            case
                when with_claims.has_wallet then not coalesce(without.discrepancies, '{}') ? item.name
                else coalesce(without.discrepancies, '{}') = '{}'
            end and (
                wallet_items.kind = 'expiry' or (with_claims.expected ->> wallet_items.column_name)::numeric >= 0
            ) as is_credited
        from users
        cross join lateral unnest(users.items) as item (name)
        join claim_ops.wallet_items on item.name = wallet_items.item
        join with_claims on users.user_id = with_claims.user_id
        left join without on users.user_id = without.user_id
    ),
    changes as (
        select
            items.user_id,
            bool_and(items.is_held or items.is_credited) as agrees,
            jsonb_agg(items.name) filter (where not items.is_held) as credited,
            array_agg(items.column_name) filter (where not items.is_held) as columns
        from items
        group by items.user_id
    )
{%- endmacro %}


{% macro guard_planned_claims() -%}
    {#- CTEs over p_purchases: the claims that they become, one row each, and one row a user. #}
    planned as materialized (
        select
            purchase.user_id, purchase.sku, sku_catalog.item,
            jsonb_strip_nulls(jsonb_build_object(
                'tx_id', purchase.tx_id,
                'user_id', purchase.user_id,
                'sku', purchase.sku,
                'claimed_at', coalesce(p_claimed_at, purchase.purchased_at),
                'over_cap', case when purchase.number = any(p_over_cap) then true end,
                'unaudited', case when purchase.number = any(p_unaudited) then true end
            )) as claim,
            row_number() over (order by purchase.purchased_at, purchase.tx_id) as position
        from unnest(p_purchases) as purchase
        join claim_ops.sku_catalog on purchase.sku = sku_catalog.sku
    ),
    users as materialized (
        select
            planned.user_id,
            jsonb_agg(planned.claim - 'user_id' order by planned.position) as claims,
            array_agg(distinct planned.item) as items
        from planned
        group by planned.user_id
    ),
{%- endmacro %}
