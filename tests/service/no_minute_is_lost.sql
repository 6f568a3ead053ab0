-- Each alert rule has a state in each minute from the first to the last.
-- depends_on: {{ ref('rpt_wallet_build') }}
with

minutes as (
    select
        alert,
        count(*) as judged,
        extract(epoch from max(judged_at) - min(judged_at)) / 60 + 1 as passed
    from {{ ref('int_alert_minutes') }}
    group by alert
)

select * from minutes
where judged is distinct from passed
