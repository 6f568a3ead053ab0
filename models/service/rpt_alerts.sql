-- Grain: one row an alert rule, as it stands at the end of the last complete minute.
with

minutes as (
    select * from {{ ref('int_alert_minutes') }}
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
            '{{ var("runbook_url") }}#{{ rule.anchor }}' as runbook_url,
            '{{ rule.command }}' as command
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

last_minutes as (
    select * from minutes
    where judged_at = {{ claim_reconciliation.period_start(claim_reconciliation.current_time(), 1) }}
),

final as (
    select
        rules.alert,
        rules.severity,
        last_minutes.state,
        last_minutes.since,
        last_minutes.value,
        rules.threshold,
        last_minutes.signal,
        last_minutes.requests::bigint as requests,
        rules.for_minutes,
        (
            select max(contacts.escalation_level)
            from contacts
            where last_minutes.state = 'firing'
                and {{ claim_reconciliation.minutes_after('last_minutes.since', 'contacts.after_minutes') }}
                <= last_minutes.judged_at
        ) as escalation_level,
        rules.description,
        rules.runbook_url,
        rules.command,
        last_minutes.judged_at
    from rules
    inner join last_minutes on rules.alert = last_minutes.alert
)

select * from final
