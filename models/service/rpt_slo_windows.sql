{{ config(materialized='replaced_view') }}
-- Grain: one row a complete window of 15 minutes, also a silent one.
-- Counts decide whether an objective was met.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

windows as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'window')
        | indent(4) }}
),

grid as (
    select
        {{ claim_reconciliation.periods_between(
            'min(started_at)',
            claim_reconciliation.period_start(
                claim_reconciliation.minutes_after(claim_reconciliation.current_time(), -15), 15
            ), 15
        ) }} as window_start
    from windows
),

on_grid as (
    select
        grid.window_start,
        coalesce(windows.requests, 0)::bigint as requests,
        coalesce(windows.errors, 0)::bigint as errors,
        coalesce(windows.timed_requests, 0)::bigint as timed_requests,
        coalesce(windows.over_slo_latency, 0)::bigint as over_500ms,
        {{ claim_reconciliation.typed('windows.p95_latency_ms', 'double precision') }}
            as p95_latency_ms
    from grid
    left join windows on grid.window_start = windows.started_at
),

judged as (
    select
        *,
        case
            when requests >= {{ var('min_requests') }}
                then errors <= {{ var('slo_window_error_rate') }} * requests
        end as error_rate_met,
        case
            when timed_requests >= {{ var('min_requests') }}
                then over_500ms <= (1 - {{ var('slo_latency_share') }}) * timed_requests
        end as latency_met
    from on_grid
),

final as (
    select
        window_start,
        requests,
        errors,
        {{ claim_reconciliation.typed('errors', 'double precision') }} / nullif(requests, 0)
            as error_rate,
        timed_requests,
        over_500ms,
        p95_latency_ms,
        error_rate_met,
        latency_met,
        case
            when requests = 0 then 'no_data'
            when not error_rate_met or not latency_met then 'missed'
            when requests < {{ var('min_requests') }} then 'low_traffic'
            else 'met'
        end as state,
        {{ claim_reconciliation.typed(var('slo_latency_ms'), 'double precision') }}
            as slo_latency_ms
    from judged
)

select * from final
