{{ config(materialized='replaced_view') }}
{%- set rules = claim_reconciliation.alert_rules() %}
-- Grain: one row an alert rule and unbroken span of minutes with one state and one signal, over all
-- that is kept. The minutes are gone through once, for the moments where a signal changes; states
-- are found on the spans between them.
with

minutes as (
    select * from {{ ref('int_service_minutes') }}
),

signals as (
    select
        {%- for rule in rules %}
            {{ claim_reconciliation.alert_signal(rule) | indent(12) }} as {{ rule.alert }}_signal,
        {%- endfor %}
        *
    from minutes
),

changed as (
    select
        {%- for rule in rules %}
            {%- set signal = rule.alert ~ '_signal' %}
            {{ signal }} <> lag({{ signal }}, 1, '') over (order by minute_number)
                as {{ rule.alert }}_changes,
        {%- endfor %}
        *,
        max(minute_number) over () as last_known_minute
    from signals
),

changes as (
    {{ claim_reconciliation.signal_changes('changed', rules) | indent(4) }}
),

states as (
    {{ claim_reconciliation.alert_states('changes') | indent(4) }}
),

final as (
    select
        states.alert,
        states.state,
        states.signal,
        {{ claim_reconciliation.minutes_after(
            'signals.judged_at', 'states.since_minute - signals.minute_number'
        ) }} as since,
        {{ claim_reconciliation.minutes_after(
            'signals.judged_at', 'states.first_minute - signals.minute_number'
        ) }} as first_judged_at,
        signals.judged_at as last_judged_at,
        {{ claim_reconciliation.by_alert(rules, claim_reconciliation.alert_requests) | indent(8) }}
            as requests,
        {{ claim_reconciliation.by_alert(rules, claim_reconciliation.alert_value) | indent(8) }}
            as value
    from states
    inner join signals on states.end_minute - 1 = signals.minute_number
    where states.first_minute < states.end_minute
)

select * from final
