-- At most slo_window_error_rate of the requests of the last complete window were errors. A quiet window is not judged.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('rpt_slo_windows') }}
where not error_rate_met
    and window_start = (select max(window_start) from {{ ref('rpt_slo_windows') }})
