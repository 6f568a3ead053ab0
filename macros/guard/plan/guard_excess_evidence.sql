{% macro guard_excess_evidence() -%}
    {#- CTEs over `wrong`: what may explain an excess. A purchase without a claim; or claims of the
        item beside the wallet's last change, because a store that retries for hours makes a service
        credit one claim again, at most five times each. What was given by hand (goodwill, a grant)
        changes the wallet at a time of its own, or is more than retries could give. #}
    in_excess as materialized (
        select distinct wrong.user_id, wrong.wallet_updated_at
        from wrong
        where wrong.type = 'excess' and wrong.is_quiet
    ),
    unclaimed as materialized (
        select unclaimed.user_id, unclaimed.item
        from claim_ops._unclaimed_items(array(select in_excess.user_id from in_excess)) as unclaimed
    ),
    their_claims as materialized (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['user_id', 'sku', 'claimed_at', 'units'],
            'array(select in_excess.user_id from in_excess)'
        ) | indent(8) }}
    ),
    near_claims as materialized (
        -- Of that item: a claim of a booster gives no shield again.
        select distinct in_excess.user_id, sku_catalog.item
        from in_excess
        join their_claims on in_excess.user_id = their_claims.user_id
        join claim_ops.sku_catalog
            on their_claims.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'their_claims.claimed_at'
            ) | indent(12) }}
        where their_claims.claimed_at
            >= in_excess.wallet_updated_at - {{ var('settle_minutes') }} * interval '1 minute'
            and their_claims.claimed_at <= in_excess.wallet_updated_at + interval '1 minute'
    ),
    claimed as materialized (
        select
            their_claims.user_id, sku_catalog.item,
            sum({{ claim_reconciliation.times_units('sku_catalog.quantity', 'their_claims') }})
                as quantity
        from their_claims
        join claim_ops.sku_catalog
            on their_claims.sku = sku_catalog.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'their_claims.claimed_at'
            ) | indent(12) }}
        group by their_claims.user_id, sku_catalog.item
    )
{%- endmacro %}
