-- At least slo_latency_share of the requests of the last complete window took at most
-- slo_latency_ms.
-- depends_on: {{ ref('rpt_wallet_build') }}
with

windows as (
    select * from {{ ref('rpt_slo_windows') }}
),

last_window as (
    select * from windows
    order by window_start desc
    limit 1
)

select * from last_window
where not latency_met
