-- Claims that users were told of and that are not there, or the other way round, and wallets of
-- theirs that do not hold what the claims give: an update that was lost, or done twice.
with

claims as (
    select tx_id, user_id::text as user_id, sku, claimed_at from purchase_claims
),

expected_wallets as (
    select
        users.user_id,
        count(*) filter (where claims.sku = 'consumable_streakshield_1') as streakshield_count,
        max(claims.claimed_at) filter (where claims.sku = 'consumable_xp_booster_7d')
            + interval '168 hours' as xp_booster_until
    from (select distinct user_id from acknowledged) as users
    left join claims on users.user_id = claims.user_id
    group by users.user_id
)

select
    (
        select count(*)
        from acknowledged
        left join claims using (tx_id, user_id, sku)
        where claims.tx_id is null
    ) as lost_claims,
    (
        select count(*)
        from claims
        left join acknowledged using (tx_id, user_id, sku)
        where split_part(claims.tx_id, ' ', 1) = any(%(writers)s) and acknowledged.tx_id is null
    ) as unacknowledged_claims,
    (
        select count(*)
        from expected_wallets
        left join user_wallet_balances as wallets
            on expected_wallets.user_id = wallets.user_id::text
        where (expected_wallets.streakshield_count, expected_wallets.xp_booster_until)
            is distinct from (wallets.streakshield_count::bigint, wallets.xp_booster_until)
    ) as wrong_wallets
