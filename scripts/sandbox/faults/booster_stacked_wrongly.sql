-- A booster that was bought while one ran was added to its end, as the other policy has it.
with faulty as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'xp_booster', 'excess'
    from sandbox.spoilable_wallets
    where has_running_booster and has_overlapping_boosters
    order by user_number
    limit {wallets}
    returning user_id
),

-- From each booster on, what it and those after it give; the latest end counts.
boosters as (
    select
        claims.user_id,
        claims.claimed_at + interval '168 hours' * count(*) over (
            partition by claims.user_id order by claims.claimed_at desc
        ) as ends_at
    from faulty
    inner join purchase_claims as claims on faulty.user_id = claims.user_id
    where claims.sku = 'consumable_xp_booster_7d'
)

update user_wallet_balances as wallets
set xp_booster_until = (
    select max(boosters.ends_at) from boosters where boosters.user_id = wallets.user_id
)
from faulty
where wallets.user_id = faulty.user_id;
