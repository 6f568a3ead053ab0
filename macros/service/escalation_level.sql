{% macro escalation_level(alert, contacts) %}
    {#- The highest level of contacts that an alert has reached by the time that it has fired; null
        where it does not fire or nobody is told of it. -#}
    (
        select max(contacts.escalation_level)
        from {{ contacts }} as contacts
        where
            {{ alert }}.state = 'firing'
            -- On-call hears of everything; only what is critical climbs.
            and ({{ alert }}.severity = 'critical' or contacts.escalation_level = 1)
            and {{ claim_reconciliation.minutes_after(alert ~ '.since', 'contacts.after_minutes') }}
            <= {{ alert }}.last_judged_at
    )
{%- endmacro %}
