{{ config(materialized='replaced_view') }}
{{ config(alias='v_claim_conflicts_rolling') }}
-- Grain: one row an hour, also a silent one. The rolling rate is that of all requests of 24 hours,
-- no average of rates.
with

hours as (
    select * from {{ ref('rpt_claim_service_health') }}
),

rolling as (
    select
        hour,
        total_requests as requests,
        cap_exceeded as conflicts,
        sum(total_requests) over last_day as requests_24h,
        sum(cap_exceeded) over last_day as conflicts_24h
    from hours
    window last_day as (order by hour rows 23 preceding)
),

final as (
    select
        hour,
        requests,
        conflicts,
        {{ claim_reconciliation.typed('conflicts', 'double precision') }} / nullif(requests, 0)
            as conflict_rate,
        {{ claim_reconciliation.typed(
            'conflicts_24h', 'double precision'
        ) }} / nullif(requests_24h, 0) as rolling_24h_conflict_rate
    from rolling
)

select * from final
