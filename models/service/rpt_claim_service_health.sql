{{ config(materialized='replaced_view') }}
-- Grain: one row an hour; the last one is still running. An hour without a request is no_data,
-- never 0 requests. Counts add up, percentiles are of requests.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

hours as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'hour')
        | indent(4) }}
),

grid as (
    select
        {{ claim_reconciliation.periods_between(
            'min(started_at)',
            claim_reconciliation.period_start(claim_reconciliation.current_time(), 60), 60
        ) }} as hour
    from hours
),

final as (
    select
        grid.hour,
        case when hours.started_at is null then 'no_data' else 'counted' end as state,
        hours.requests::bigint as total_requests,
        hours.successes::bigint as successful,
        hours.conflicts::bigint as cap_exceeded,
        hours.client_errors::bigint as client_errors,
        hours.errors::bigint as errors,
        hours.timed_requests::bigint as timed_requests,
        {{ claim_reconciliation.typed('hours.successes', 'double precision') }} / hours.requests
            as success_rate,
        {{ claim_reconciliation.rounded(
            'hours.total_duration_ms / nullif(hours.timed_requests, 0)', 2
        ) }} as avg_latency_ms,
        {{ claim_reconciliation.typed('hours.p50_latency_ms', 'double precision') }}
            as p50_latency_ms,
        {{ claim_reconciliation.typed('hours.p95_latency_ms', 'double precision') }}
            as p95_latency_ms,
        {{ claim_reconciliation.typed('hours.p99_latency_ms', 'double precision') }}
            as p99_latency_ms
    from grid
    left join hours on grid.hour = hours.started_at
)

select * from final
