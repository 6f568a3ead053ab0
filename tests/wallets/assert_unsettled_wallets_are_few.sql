-- Users in flight may be wrong for a while, but few are in flight: more than max_unsettled_share of
-- the wallets, and at least 10, is no live traffic. The failure count is the number of users whose
-- wallets are wrong and in flight now.
{{ config(
    fail_calc='coalesce(max(users_in_flight), 0)',
    warn_if='> 0',
    error_if='> coalesce(max(users_allowed), 0)',
) }}
-- depends_on: {{ ref('rpt_wallet_build') }}
with

in_flight as (
    select count(distinct user_id) as users
    from {{ ref('fct_wallet_discrepancies') }}
    where not is_settled and excused_because is null
)

select
    in_flight.users as users_in_flight,
    rpt_wallet_build.wallets,
    greatest(9, floor(rpt_wallet_build.wallets * {{ var('max_unsettled_share') }}))::bigint
        as users_allowed
from in_flight
cross join {{ ref('rpt_wallet_build') }} as rpt_wallet_build
where in_flight.users > 0
