{{ config(materialized='replaced_view') }}
-- Grain: one row a complete minute, also a silent one, from the first that is known to the last.
-- What the alerts are judged by at its end, judged_at: trailing counts, and the balances of the
-- latest build.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

builds as (
    {{ claim_reconciliation.wallet_builds_by_minute(ref('fct_wallet_balance_history'))
        | indent(4) }}
),

minutes as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'minute')
        | indent(4) }}
),

grid as (
    {{ claim_reconciliation.minutes_to_judge('minutes', 'builds') | indent(4) }}
),

on_grid as (
    select
        grid.judged_at,
        minutes.*,
        max(builds.build_number) over (order by grid.judged_at rows unbounded preceding)
            as build_number
    from grid
    left join minutes
        on grid.judged_at = {{ claim_reconciliation.minutes_after('minutes.started_at', 1) }}
    left join builds on grid.judged_at = builds.judged_at
),

running as (
    {{ claim_reconciliation.trailing_counts('on_grid') | indent(4) }}
),

-- The minute after whose end a total is counted: 5 minutes ago,
-- or as long ago as it takes to hold min_requests.
starts as (
    select
        *,
        {{ claim_reconciliation.recent_start('requests_so_far') | indent(8) }} as requests_start,
        {{ claim_reconciliation.recent_start('timed_so_far') | indent(8) }} as timed_start
    from running
),

final as (
    select
        starts.judged_at,
        starts.build_number,
        starts.minute_number,
        starts.minute_number - starts.requests_start as recent_minutes,
        starts.requests_so_far - coalesce(before_requests.requests_so_far, 0) as recent_requests,
        starts.errors_so_far - coalesce(before_requests.errors_so_far, 0) as recent_errors,
        starts.timed_so_far - coalesce(before_timed.timed_so_far, 0) as recent_timed_requests,
        starts.slow_so_far - coalesce(before_timed.slow_so_far, 0) as recent_slow_requests,
        starts.requests_5m,
        starts.timed_requests_5m,
        starts.requests_60m,
        starts.errors_60m,
        starts.conflicts_60m,
        builds.wrong_balances,
        builds.settled_balances
    from starts
    left join running as before_requests on starts.requests_start = before_requests.minute_number
    left join running as before_timed on starts.timed_start = before_timed.minute_number
    left join builds
        on
            starts.build_number = builds.build_number
            and starts.judged_at < {{ claim_reconciliation.models_too_old_at('builds.built_at') }}
)

select * from final
