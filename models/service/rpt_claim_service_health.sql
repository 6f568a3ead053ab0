{{ config(materialized='replaced_view') }}
-- Grain: one row an hour, also a silent one; the last one is still running. Counts add up, percentiles are of requests.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

hours as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'hour') | indent(4) }}
),

grid as (
    select
        {{ claim_reconciliation.periods_between(
            'min(started_at)', claim_reconciliation.period_start(claim_reconciliation.current_time(), 60), 60
        ) }} as hour
    from hours
),

final as (
    select
        grid.hour,
        coalesce(hours.requests, 0)::bigint as total_requests,
        coalesce(hours.successes, 0)::bigint as successful,
        coalesce(hours.conflicts, 0)::bigint as cap_exceeded,
        coalesce(hours.client_errors, 0)::bigint as client_errors,
        coalesce(hours.errors, 0)::bigint as errors,
        coalesce(hours.timed_requests, 0)::bigint as timed_requests,
        hours.successes::double precision / hours.requests as success_rate,
        round((hours.total_duration_ms / nullif(hours.timed_requests, 0))::numeric, 2)::double precision
            as avg_latency_ms,
        hours.p50_latency_ms::double precision as p50_latency_ms,
        hours.p95_latency_ms::double precision as p95_latency_ms,
        hours.p99_latency_ms::double precision as p99_latency_ms
    from grid
    left join hours on grid.hour = hours.started_at
)

select * from final
