{% macro emptied_periods(counted, counts, spans, counted_by) %}
    {#- A query for what was counted before and has no request any more: written as 0, and deleted
        when all is written. Without it a minute would keep requests that its hour has lost. -#}
select
    counted.period,
    counted.started_at,
    0 as requests,
    0 as successes,
    0 as conflicts,
    0 as client_errors,
    0 as errors,
    0 as timed_requests,
    0 as over_slo_latency,
    0 as over_alert_latency,
    null as total_duration_ms,
    null as p50_latency_ms,
    null as p95_latency_ms,
    null as p99_latency_ms,
    '{{ counted_by }}' as counted_by
from {{ counted }} as counted
left join {{ counts }} as counts
    on counted.period = counts.period and counted.started_at = counts.started_at
where
    {{ claim_reconciliation.is_counted_anew('counted.started_at', spans) | indent(4) }}
    and counts.started_at is null
{%- endmacro %}
