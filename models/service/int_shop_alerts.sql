{{ config(materialized='replaced_view') }}
{%- set now = claim_reconciliation.current_time() %}
{%- set minute = claim_reconciliation.period_start(now, 1) %}
-- Grain: one row an alert about the shop: what builds found wrong of purchases and wallets, and
-- whether log and claims go on while the rest does, and what the guard was forced to do. Each says
-- in its description what was found.
with

requests as (
    select requested_at from {{ ref('int_claim_requests') }}
    where
        requested_at >= {{ claim_reconciliation.hours_after(now, -48) }}
        and requested_at <= {{ now }}
),

counted as (
    select started_at from {{ ref('int_request_periods') }}
    where period = 'minute'
),

shop as (
    select * from {{ ref('int_shop_minutes') }}
),

lasts as (
    {{ claim_reconciliation.last_of_shop('requests', 'counted', 'shop') | indent(4) }}
),

stopped as (
    {{ claim_reconciliation.shop_silences('lasts', 'shop') | indent(4) }}
),

found as (
    select * from {{ ref('int_shop_findings') }}
    union all
    select * from stopped
    union all
    {{ claim_reconciliation.unapproved_finding(ref('stg_claim_ops__unapproved_break_glass'))
        | indent(4) }}
),

rules as (
    {{ claim_reconciliation.alert_rule_rows(claim_reconciliation.shop_alert_rules()) | indent(4) }}
),

judged as (
    select
        rules.*,
        found.value,
        found.since,
        found.description as sentence,
        case
            when found.value > rules.threshold then 'breach'
            when rules.alert = 'log_not_written' and lasts.metric_at is null then 'no_data'
            else 'ok'
        end as signal
    from rules
    inner join found on rules.alert = found.alert
    cross join lasts
),

final as (
    select
        alert,
        severity,
        case signal when 'breach' then 'firing' else signal end as state,
        case signal when 'breach' then since else {{ minute }} end as since,
        value::double precision as value,
        threshold,
        signal,
        value::bigint as requests,
        for_minutes,
        case signal when 'breach' then sentence else description end as description,
        anchor,
        -- What has fired since the last complete minute is told now.
        greatest({{ minute }}, case signal when 'breach' then since end) as last_judged_at
    from judged
)

select * from final
