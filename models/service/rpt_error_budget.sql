{{ config(materialized='replaced_view') }}
-- Grain: one row an objective and lookback that ends with the last complete minute.
-- Sums of counts over the lookback.
with

requests as (
    select * from {{ ref('int_claim_requests') }}
),

windows as (
    select * from {{ ref('rpt_slo_windows') }}
),

builds as (
    select * from {{ ref('fct_wallet_balance_history') }}
),

minutes as (
    {{ claim_reconciliation.requests_by_period(ref('int_request_periods'), 'requests', 'minute')
        | indent(4) }}
),

events as (
    {{ claim_reconciliation.objective_events('minutes', 'windows', 'builds') | indent(4) }}
),

objectives as (
    {{ claim_reconciliation.objectives() | indent(4) }}
),

totals as (
    select
        objectives.slo,
        objectives.lookback,
        objectives.lookback_minutes,
        objectives.objective,
        coalesce(sum(events.good), 0)::bigint as good,
        coalesce(sum(events.total), 0)::bigint as total,
        objectives.judged_at
    from objectives
    left join events
        on
            objectives.slo = events.slo
            and objectives.judged_at >= events.ended_at
            and objectives.judged_at
            <= {{ claim_reconciliation.minutes_after(
                'events.began_at', 'objectives.lookback_minutes'
            ) }}
    group by 1, 2, 3, 4, 7
),

final as (
    select
        slo,
        lookback,
        lookback_minutes,
        objective::double precision as objective,
        good,
        total,
        ((total - good) / nullif(total * (1 - objective), 0))::double precision as burn_rate,
        (1 - (total - good) / nullif(total * (1 - objective), 0))::double precision
            as budget_remaining,
        case
            when total = 0 then 'no_data'
            when total - good > total * (1 - objective) then 'missed'
            else 'met'
        end as state,
        judged_at
    from totals
)

select * from final
