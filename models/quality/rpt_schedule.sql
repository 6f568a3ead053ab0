{{ config(materialized='replaced_view') }}
-- Grain: one row a selector that was built by its name at least once: when it was built last, by
-- itself, by one of a longer interval, which holds it, or by a build of everything.
with

results as (
    select * from {{ ref('fct_test_results') }}
    where selector is not null
),

intervals as (
    {%- for selector, minutes in var('build_intervals').items() %}
        select
            '{{ selector }}' as selector,
            {{ minutes }} as interval_minutes
        {{ 'union all' if not loop.last }}
    {%- else %}
        select
            null::text as selector,
            null::integer as interval_minutes
        where false
    {%- endfor %}
),

builds as (
    select
        results.selector,
        coalesce(intervals.interval_minutes, 2147483647) as interval_minutes,
        max(results.tested_at) as last_built_at
    from results
    left join intervals on results.selector = intervals.selector
    where results.selector = 'all' or intervals.selector is not null
    group by results.selector, intervals.interval_minutes
),

final as (
    select
        intervals.selector,
        intervals.interval_minutes,
        max(builds.last_built_at) as last_built_at,
        {{ claim_reconciliation.minutes_after(
            'max(builds.last_built_at)', '2 * intervals.interval_minutes'
        ) }} as late_at
    from intervals
    inner join builds on intervals.interval_minutes <= builds.interval_minutes
    group by intervals.selector, intervals.interval_minutes
    having bool_or(intervals.selector = builds.selector)
)

select * from final
