-- Grain: one row, the build, and the last hour that the log of requests has.
select
    rpt_wallet_build.built_at,
    rpt_wallet_build.as_of,
    extract(epoch from statement_timestamp() - rpt_wallet_build.built_at)::bigint as age_seconds,
    rpt_wallet_build.users,
    rpt_wallet_build.wallets,
    (
        select max(hour) from {models}.rpt_claim_service_health
        where state = 'counted'
    ) as last_counted_hour,
    statement_timestamp() as read_at
from {models}.rpt_wallet_build
