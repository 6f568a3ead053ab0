-- At least slo_latency_share of the requests of the last complete window took at most slo_latency_ms.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('rpt_slo_windows') }}
where not latency_met
    and window_start = (select max(window_start) from {{ ref('rpt_slo_windows') }})
