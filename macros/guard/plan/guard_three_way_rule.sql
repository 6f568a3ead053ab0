{% macro guard_three_way_rule() -%}
    {#- CTEs over users, without and with_claims: what the missing claims change of each user's
        wallet, item by item. A wallet holds them already, or matched the ledger before and is
        credited, or neither. -#}
    items as (
        select
            users.user_id, item.name, wallet_items.column_name,
            with_claims.has_wallet and not with_claims.discrepancies ? item.name
            {%- if var('negative_ledger_policy') == 'ask' %} and (
                -- What is wrong of a negative ledger is no discrepancy, and held is it not.
                wallet_items.kind = 'expiry'
                or (with_claims.expected ->> wallet_items.column_name)::numeric >= 0
                or with_claims.wallet -> wallet_items.column_name
                    = with_claims.expected -> wallet_items.column_name
            )
            {%- endif %} as is_held,
            case
                when with_claims.has_wallet
                    then not coalesce(without.discrepancies, '{}') ? item.name
                else coalesce(without.discrepancies, '{}') = '{}'
            end
            {%- if var('negative_ledger_policy') == 'ask' %} and (
                wallet_items.kind = 'expiry'
                or (with_claims.expected ->> wallet_items.column_name)::numeric >= 0
            )
            {%- endif %} as is_credited
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
