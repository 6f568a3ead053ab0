{{ config(materialized='replaced_view') }}
-- Grain: one row an alert rule, as it stands at the end of the last complete minute.
with

spans as (
    select * from {{ ref('int_alert_spans') }}
),

shop_alerts as (
    select * from {{ ref('int_shop_alerts') }}
),

contacts as (
    select * from {{ ref('escalation_contacts') }}
),

rules as (
    {{ claim_reconciliation.alert_rule_rows(claim_reconciliation.alert_rules()) | indent(4) }}
),

last_spans as (
    select * from spans
    where last_judged_at = {{ claim_reconciliation.period_start(
        claim_reconciliation.current_time(), 1
    ) }}
),

judged as (
    select
        rules.alert,
        rules.severity,
        last_spans.state,
        last_spans.since,
        last_spans.value,
        rules.threshold,
        last_spans.signal,
        last_spans.requests::bigint as requests,
        rules.for_minutes,
        rules.description,
        rules.anchor,
        last_spans.last_judged_at
    from rules
    inner join last_spans on rules.alert = last_spans.alert
    union all
    select
        alert,
        severity,
        state,
        since,
        value,
        threshold,
        signal,
        requests,
        for_minutes,
        description,
        anchor,
        last_judged_at
    from shop_alerts
),

final as (
    select
        alert,
        severity,
        state,
        since,
        value,
        threshold,
        signal,
        requests,
        for_minutes,
        {{ claim_reconciliation.escalation_level('judged', 'contacts') | indent(8) }}
            as escalation_level,
        description,
        '{{ var("runbook_url") }}#' || anchor as runbook_url,
        last_judged_at as judged_at
    from judged
)

select * from final
