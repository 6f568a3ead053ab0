{{ config(materialized='replaced_view') }}
{%- set rules = claim_reconciliation.alert_rules() %}
-- Grain: one row an alert rule and complete minute, over all that is kept:
-- the alerts as they stood at judged_at.
with

spans as (
    select * from {{ ref('int_alert_spans') }}
),

minutes as (
    select * from {{ ref('int_service_minutes') }}
),

spread as (
    select
        alert,
        {{ claim_reconciliation.periods_between('first_judged_at', 'last_judged_at', 1) }}
            as judged_at,
        state,
        signal,
        since
    from spans
),

final as (
    select
        spread.*,
        {{ claim_reconciliation.by_alert(rules, claim_reconciliation.alert_requests) | indent(8) }}
            as requests,
        {{ claim_reconciliation.by_alert(rules, claim_reconciliation.alert_value) | indent(8) }}
            as value
    from spread
    inner join minutes on spread.judged_at = minutes.judged_at
)

select * from final
