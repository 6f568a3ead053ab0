{{ config(materialized='replaced_view') }}
-- Grain: one row a complete minute, also a silent one, from the first that is known to the last. What the alerts are
-- judged by at its end, judged_at: trailing counts, and the balances of the latest build. A new count is one line here.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

builds as (
    {{ claim_reconciliation.wallet_builds_by_minute(ref('fct_wallet_balance_history')) | indent(4) }}
),

minutes as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'minute') | indent(4) }}
),

bounds as (
    select
        {{ claim_reconciliation.period_start(claim_reconciliation.current_time(), 1) }} as last_judged_at,
        (select min(started_at) from minutes) as first_minute,
        (select min(judged_at) from builds) as first_build
),

grid as (
    select
        {{ claim_reconciliation.periods_between(
            'least(first_minute, first_build, ' ~ claim_reconciliation.minutes_after('last_judged_at', -60) ~ ')',
            'last_judged_at', 1
        ) }} as judged_at
    from bounds
),

on_grid as (
    select
        grid.judged_at,
        minutes.*,
        max(builds.build_number) over (order by grid.judged_at rows unbounded preceding) as build_number
    from grid
    left join minutes on grid.judged_at = {{ claim_reconciliation.minutes_after('minutes.started_at', 1) }}
    left join builds on grid.judged_at = builds.judged_at
),

running as (
    select
        judged_at,
        build_number,
        row_number() over so_far as minute_number,
        coalesce(sum(requests) over so_far, 0) as requests_so_far,
        coalesce(sum(errors) over so_far, 0) as errors_so_far,
        coalesce(sum(timed_requests) over so_far, 0) as timed_so_far,
        coalesce(sum(over_alert_latency) over so_far, 0) as slow_so_far,
        sum(requests) over last_5_minutes as requests_5m,
        sum(timed_requests) over last_5_minutes as timed_requests_5m,
        sum(requests) over last_hour as requests_60m,
        sum(errors) over last_hour as errors_60m,
        sum(conflicts) over last_hour as conflicts_60m
    from on_grid
    window
        so_far as (order by judged_at rows unbounded preceding),
        last_5_minutes as (order by judged_at rows 4 preceding),
        last_hour as (order by judged_at rows 59 preceding)
),

-- The minute after whose end a total is counted: 5 minutes ago, or as long ago as it takes to hold min_requests.
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
            and starts.judged_at < {{ claim_reconciliation.hours_after('builds.built_at', var('max_model_age_hours')) }}
)

select * from final
