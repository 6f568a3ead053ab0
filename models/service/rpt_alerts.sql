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
    {%- for rule in claim_reconciliation.alert_rules() %}
        select
            '{{ rule.alert }}' as alert,
            '{{ rule.severity }}' as severity,
            {{ rule.threshold }}::double precision as threshold,
            {{ rule.for_minutes }} as for_minutes,
            '{{ rule.description }}' as description,
            '{{ rule.anchor }}' as anchor
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

last_spans as (
    select * from spans
    where last_judged_at = {{ claim_reconciliation.period_start(claim_reconciliation.current_time(), 1) }}
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
        (
            select max(contacts.escalation_level)
            from contacts
            where
                judged.state = 'firing'
                -- On-call hears of everything; only what is critical climbs.
                and (judged.severity = 'critical' or contacts.escalation_level = 1)
                and {{ claim_reconciliation.minutes_after('judged.since', 'contacts.after_minutes') }}
                <= judged.last_judged_at
        ) as escalation_level,
        description,
        '{{ var("runbook_url") }}#' || anchor as runbook_url,
        last_judged_at as judged_at
    from judged
)

select * from final
