{{ config(materialized='replaced_view') }}
-- Grain: one row a week in UTC and way in which episodes ended in it, the latest week first: how
-- long they had lasted. Percentiles are of single episodes, never of averages.
with

episodes as (
    select
        *,
        date_trunc('week', ended_at, 'UTC') as week_start,
        {{ claim_reconciliation.seconds_between('first_found_at', 'ended_at') }} / 3600 as hours
    from {{ ref('fct_discrepancy_history') }}
    where ended_at is not null
),

final as (
    select
        week_start,
        how_it_ended,
        count(*) as episodes,
        percentile_disc(0.5) within group (order by hours) as p50_hours,
        percentile_disc(0.9) within group (order by hours) as p90_hours,
        percentile_disc(0.99) within group (order by hours) as p99_hours,
        max(hours) as longest_hours
    from episodes
    group by week_start, how_it_ended
)

select * from final
order by week_start desc, how_it_ended asc
