{{ config(materialized='replaced_view') }}
-- Grain: one row a data test with a kept result. A skipped test says nothing:
-- it neither passed nor failed.
with

results as (
    select * from {{ ref('fct_test_results') }}
    where status <> 'skipped'
),

passes as (
    select
        test_id,
        max(tested_at) as last_passed_at
    from results
    where status = 'pass'
    group by test_id
),

latest as (
    select
        *,
        row_number() over (partition by test_id order by tested_at desc, invocation_id desc)
            as result_number
    from results
),

failing as (
    select
        results.test_id,
        min(results.tested_at) as failing_since
    from results
    left join passes on results.test_id = passes.test_id
    where
        results.status <> 'pass'
        and (passes.last_passed_at is null or results.tested_at > passes.last_passed_at)
    group by results.test_id
),

final as (
    select
        latest.test_id,
        latest.test_name,
        latest.package_name,
        latest.severity,
        latest.status as last_status,
        latest.failures as last_failures,
        latest.tested_at as last_tested_at,
        passes.last_passed_at,
        failing.failing_since,
        '{{ var("runbook_url") }}#' || coalesce(latest.runbook, 'which-test-is-red') as runbook_url
    from latest
    left join passes on latest.test_id = passes.test_id
    left join failing on latest.test_id = failing.test_id
    where latest.result_number = 1
)

select * from final
