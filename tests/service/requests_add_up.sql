-- Each hour has as many requests as its windows, and as its minutes.
-- depends_on: {{ ref('rpt_wallet_build') }}
with

counts as (
    select
        {{ claim_reconciliation.period_start('started_at', 60) }} as hour,
        sum(requests) filter (where period = 'minute') as minutes,
        sum(requests) filter (where period = 'window') as windows,
        sum(requests) filter (where period = 'hour') as hours
    from {{ ref('int_request_periods') }}
    group by 1
)

select * from counts
where hours is distinct from windows or hours is distinct from minutes
