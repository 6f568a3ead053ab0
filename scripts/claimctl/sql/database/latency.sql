-- Grain: one row a minute of the last 60 with a request to the claim service, read live.
select
    date_trunc('minute', requested_at) as minute,
    count(*)::integer as requests,
    count(*) filter (where is_error)::integer as errors,
    percentile_disc(0.5) within group (order by duration_ms)::double precision as p50_latency_ms,
    percentile_disc(0.95) within group (order by duration_ms)::double precision as p95_latency_ms,
    max(duration_ms)::double precision as longest_ms
from {models}.int_claim_requests
where requested_at >= date_trunc('minute', statement_timestamp()) - interval '60 minutes'
group by 1
order by 1
