-- At most slo_window_error_rate of the requests of the last complete window were errors.
-- A quiet window is not judged.
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
where not error_rate_met
