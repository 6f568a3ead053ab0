-- Users in flight may be wrong for a while, but few are in flight: more than max_unsettled_share of the wallets, and at
-- least 10, is a bulk overwrite. The failure count is the number of unsettled wrong wallets per million.
{{ config(
    fail_calc='coalesce(max(wrong_per_million), 0)',
    warn_if='> 0',
    error_if='> ' ~ (var('max_unsettled_share') * 1000000) | int,
) }}
-- depends_on: {{ ref('rpt_wallet_build') }}
with

unsettled as (
    select count(distinct user_id) as users
    from {{ ref('fct_wallet_discrepancies') }}
    where not is_settled and excused_because is null
)

select
    unsettled.users as unsettled_users,
    rpt_wallet_build.wallets,
    case
        when unsettled.users < 10 then 1
        else ceil(1000000.0 * unsettled.users / greatest(rpt_wallet_build.wallets, 1))
    end as wrong_per_million
from unsettled
cross join {{ ref('rpt_wallet_build') }} as rpt_wallet_build
where unsettled.users > 0
