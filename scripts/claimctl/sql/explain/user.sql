-- Grain: one row, the document about one user. What is expected comes from the models; claims,
-- purchases and the wallet are read live, through the staging models, which know the mapped names.
with

-- The columns of its dates may be missing: then each row is in force always.
sku_catalog as (
    select
        sku,
        item,
        quantity,
        coalesce((to_jsonb(stored) ->> 'valid_from')::timestamptz, '-infinity') as valid_from,
        coalesce((to_jsonb(stored) ->> 'valid_to')::timestamptz, 'infinity') as valid_to
    from {sku_catalog} as stored
),

claims as (
    select
        claims.tx_id,
        claims.sku,
        claims.claimed_at,
        claims.units,
        sku_catalog.item,
        sku_catalog.quantity * coalesce(claims.units, 1) as quantity
    from {models}.stg_claim_service__purchase_claims as claims
    left join sku_catalog
        on claims.sku = sku_catalog.sku
        and claims.claimed_at >= sku_catalog.valid_from and claims.claimed_at < sku_catalog.valid_to
    where claims.user_id = cast(%(user_id)s as {user_id_type})
),

-- By user for purchases that were never claimed, by claim for purchases that name another user.
purchase_statuses as (
    select tx_id, user_id, sku, status::text as status, purchased_at, units
    from {models}.stg_claim_service__audit_purchases
    where user_id = cast(%(user_id)s as {user_id_type})
    union
    select tx_id, user_id, sku, status::text as status, purchased_at, units
    from {models}.stg_claim_service__audit_purchases
    where tx_id in (select tx_id from claims)
),

purchases as (
    select
        tx_id,
        min(sku) as sku,
        max(units) as units,
        min(purchased_at) as purchased_at,
        string_agg(status, ', ' order by purchased_at, status) as statuses,
        bool_or(user_id is distinct from cast(%(user_id)s as {user_id_type})) as names_another_user
    from purchase_statuses
    group by tx_id
),

ledger as (
    select
        coalesce(claims.tx_id, purchases.tx_id) as tx_id,
        coalesce(claims.sku, purchases.sku) as sku,
        coalesce(claims.item, sku_catalog.item) as item,
        coalesce(claims.quantity, sku_catalog.quantity * coalesce(purchases.units, 1)) as quantity,
        coalesce(claims.units, purchases.units, 1) as units,
        claims.claimed_at,
        purchases.statuses as purchase_statuses,
        purchases.purchased_at,
        coalesce(purchases.names_another_user, false) as names_another_user
    from claims
    full outer join purchases on claims.tx_id = purchases.tx_id
    left join sku_catalog
        on purchases.sku = sku_catalog.sku
        and purchases.purchased_at >= sku_catalog.valid_from
        and purchases.purchased_at < sku_catalog.valid_to
),

adjustments as (
    select adjustment_id, item, quantity, adjusted_at
    from {models}.stg_claim_service__wallet_adjustments
    where user_id = cast(%(user_id)s as {user_id_type})
),

wallets as (
    select
        updated_at,
        to_jsonb(wallets) as contents
    from {models}.stg_claim_service__user_wallet_balances as wallets
    where user_id = cast(%(user_id)s as {user_id_type})
),

-- The wallet and the number of claims as the build saw them.
seen as (
    select
        (contents ->> 'claims')::bigint as claims,
        (contents ->> 'wallet_updated_at')::timestamptz as wallet_updated_at,
        contents
    from {models}.int_wallet_balances as balances
    cross join lateral (select to_jsonb(balances) as contents) as json
    where balances.user_id = cast(%(user_id)s as {user_id_type})
),

balances as (
    select
        expected.item,
        expected.expected_quantity,
        expected.expected_expires_at,
        expected.is_settled,
        discrepancies.discrepancy_type,
        (wallets.contents ->> (expected.item || '_quantity'))::bigint as wallet_quantity,
        wallets.contents ->> (expected.item || '_expires_at') as wallet_expires_at,
        wallets.contents ->> (expected.item || '_quantity')
        is distinct from seen.contents ->> (expected.item || '_wallet_quantity')
        or wallets.contents ->> (expected.item || '_expires_at')
        is distinct from seen.contents ->> (expected.item || '_wallet_expires_at') as has_changed
    from {models}.fct_expected_wallet_balances as expected
    left join {models}.fct_wallet_discrepancies as discrepancies
        on expected.user_id = discrepancies.user_id and expected.item = discrepancies.item
    left join wallets on true
    left join seen on true
    where expected.user_id = cast(%(user_id)s as {user_id_type})
),

hints as (
    select
        1 as place,
        'The models look back, as of ' || to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
        || '.' as hint
    from {models}.rpt_wallet_build
    where as_of is not null
    union
    select 2, 'The models do not know this user yet: run dbt build.'
    where not exists (select from seen)
    union
    select 3, 'The wallet has changed since the models were built: run dbt build.'
    where (select bool_or(has_changed) from balances)
        or (select updated_at from wallets) is distinct from (select wallet_updated_at from seen)
        and exists (select from seen)
    union
    select 4, 'Claims have come since the models were built: run dbt build.'
    from seen
    where claims is distinct from (select count(*) from claims)
    union
    select 5, 'The purchase of ' || tx_id || ' names another user.'
    from ledger
    where names_another_user
    union
    select 6, 'The catalogue does not know ' || sku || ', which counts for no item.'
    from ledger
    where item is null
)

select
    json_build_object(
        'user_id', cast(%(user_id)s as {user_id_type}),
        'is_known',
        exists (select from ledger) or exists (select from adjustments)
        or exists (select from wallets) or exists (select from seen),
        'built_at', build.built_at,
        'as_of', build.as_of,
        'has_wallet', exists (select from wallets),
        'wallet_updated_at', (select updated_at from wallets),
        'ledger', coalesce(
            (
                select json_agg(to_json(ledger) order by coalesce(claimed_at, purchased_at), tx_id)
                from ledger
            ), '[]'
        ),
        'adjustments', coalesce(
            (select json_agg(to_json(adjustments) order by adjusted_at) from adjustments), '[]'
        ),
        'balances', coalesce((
            select json_agg(to_json(balances) order by item) from balances
        ), '[]'),
        'hints', coalesce((select json_agg(hint order by place, hint) from hints), '[]')
    ) as explanation
from {models}.rpt_wallet_build as build
