-- Who there is, and what was done to whom. Users below {spoilable_users} are kept for the faults:
-- the live traffic leaves them alone, and so do its new users, who are counted on from {users}.
create schema sandbox;

create table sandbox.users (
    user_number int primary key,
    user_id {user_id_type} not null unique,
    is_spoilable boolean not null
);

insert into sandbox.users (user_number, user_id, is_spoilable)
select
    user_number,
    md5('user ' || user_number)::uuid::{user_id_type},
    user_number < {spoilable_users}
from generate_series(0, {users} - 1) as user_number;

create table sandbox.injected_faults (
    fault text not null,
    user_id {user_id_type} not null,
    item text not null,
    discrepancy_type text not null,
    in_flight boolean not null default false,
    primary key (user_id, item)
);

-- The wallets that a fault may still be done to. A booster that ends within a day is left alone:
-- the fault would end with it.
create view sandbox.spoilable_wallets as
select
    users.user_number,
    wallets.*,
    coalesce(wallets.xp_booster_until > now(), false) as has_running_booster,
    claims.*
from sandbox.users
inner join user_wallet_balances as wallets on users.user_id = wallets.user_id
cross join lateral (
    select
        max(claimed_at) as last_claimed_at,
        (array_agg(claimed_at order by claimed_at desc))[2] as previous_claimed_at,
        (array_agg(sku order by claimed_at desc))[1] as last_sku,
        max(claimed_at) filter (where sku = 'consumable_streakshield_1') as last_shield_claimed_at,
        coalesce(
            max(claimed_at) filter (where sku = 'consumable_xp_booster_7d') - interval '168 hours'
            < (array_agg(claimed_at order by claimed_at desc)
                filter (where sku = 'consumable_xp_booster_7d'))[2],
            false
        ) as has_overlapping_boosters
    from purchase_claims
    where purchase_claims.user_id = users.user_id
) as claims
where users.is_spoilable
    and (wallets.xp_booster_until between now() and now() + interval '24 hours') is not true
    and not exists (
        select from sandbox.injected_faults where injected_faults.user_id = users.user_id
    );
