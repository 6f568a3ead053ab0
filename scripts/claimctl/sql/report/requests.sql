-- Grain: one row an hour of the last days, as rpt_claim_service_health has it,
-- and its share of errors.
select
    hour,
    state,
    total_requests,
    successful,
    cap_exceeded,
    client_errors,
    errors,
    errors::double precision / nullif(total_requests, 0) as error_rate,
    avg_latency_ms,
    p50_latency_ms,
    p95_latency_ms,
    p99_latency_ms
from {models}.rpt_claim_service_health
where hour > statement_timestamp() - %(days)s * interval '1 day'
order by hour
