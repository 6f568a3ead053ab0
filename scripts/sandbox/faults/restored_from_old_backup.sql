-- The wallet is what it was three weeks ago, its updated_at too; every other of these users has
-- bought a booster since.
with backups as (
    select
        user_id,
        count(*) filter (where sku = 'consumable_streakshield_1') as streakshield_count,
        max(claimed_at) filter (where sku = 'consumable_xp_booster_7d') + interval '168 hours'
            as xp_booster_until,
        max(claimed_at) as updated_at
    from purchase_claims
    where claimed_at <= now() - interval '504 hours'
    group by user_id
),

faulty as (
    select
        backups.*,
        spoilable_wallets.has_running_booster,
        spoilable_wallets.streakshield_count > backups.streakshield_count as has_lost_shields
    from sandbox.spoilable_wallets
    inner join backups on spoilable_wallets.user_id = backups.user_id
    where spoilable_wallets.has_running_booster
        or spoilable_wallets.streakshield_count > backups.streakshield_count
    order by
        row_number() over (
            partition by spoilable_wallets.has_running_booster
            order by spoilable_wallets.user_number
        ),
        spoilable_wallets.user_number
    limit {wallets}
),

recorded as (
    insert into sandbox.injected_faults (fault, user_id, item, discrepancy_type)
    select '{fault}', user_id, 'streakshield', 'short' from faulty where has_lost_shields
    union all
    select '{fault}', user_id, 'xp_booster', 'short' from faulty where has_running_booster
)

update user_wallet_balances as wallets
set
    streakshield_count = faulty.streakshield_count,
    xp_booster_until = faulty.xp_booster_until,
    updated_at = faulty.updated_at
from faulty
where wallets.user_id = faulty.user_id;
