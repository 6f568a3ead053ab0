{%- set rules = claim_reconciliation.alert_rules() %}
-- Grain: one row an alert rule and complete minute, with the state at its end, judged_at, over the whole history. Columns
-- are generated for each rule, because a month of minutes is then gone through once and not once a rule.
with

minutes as (
    select * from {{ ref('int_service_minutes') }}
),

signals as (
    select
        *
        {%- for rule in rules %},
            {{ claim_reconciliation.alert_signal(rule) | indent(12) }} as {{ rule.alert }}_signal
        {%- endfor %}
    from minutes
),

spans as (
    select
        *
        {%- for rule in rules %}
            {%- set signal = rule.alert ~ '_signal' %},
            coalesce(max(minute_number) filter (where {{ signal }} = 'ok') over past, 0) as {{ rule.alert }}_last_ok,
            coalesce(max(minute_number) filter (where {{ signal }} <> 'breach') over past, 0)
                as {{ rule.alert }}_last_break,
            {{ signal }} is distinct from lag({{ signal }}) over (order by minute_number) as {{ rule.alert }}_changes
        {%- endfor %}
    from signals
    window past as (order by minute_number rows unbounded preceding)
),

runs as (
    select
        *
        {%- for rule in rules %}
            {%- set is_full = 'minute_number - ' ~ rule.alert ~ '_last_break >= ' ~ rule.for_minutes %},
            {{ is_full }} as {{ rule.alert }}_is_full,
            coalesce(max(minute_number) filter (where {{ is_full }}) over before, 0) as {{ rule.alert }}_fired_before,
            max(minute_number) filter (where {{ rule.alert }}_changes) over past as {{ rule.alert }}_changed
        {%- endfor %}
    from spans
    window
        past as (order by minute_number rows unbounded preceding),
        before as (order by minute_number rows between unbounded preceding and 1 preceding)
),

firings as (
    select
        *
        {%- for rule in rules %},
            {{ rule.alert }}_is_full or {{ rule.alert }}_fired_before > {{ rule.alert }}_last_ok
                as {{ rule.alert }}_is_firing,
            max(minute_number) filter (
                where {{ rule.alert }}_is_full and {{ rule.alert }}_fired_before <= {{ rule.alert }}_last_ok
            ) over past as {{ rule.alert }}_fired
        {%- endfor %}
    from runs
    window past as (order by minute_number rows unbounded preceding)
),

final as (
    select
        rules.alert,
        firings.judged_at,
        case when rules.is_firing then 'firing' when rules.signal = 'breach' then 'pending' else rules.signal end as state,
        rules.signal,
        {{ claim_reconciliation.minutes_after(
            'firings.judged_at',
            'case when rules.is_firing then rules.fired else rules.changed end - firings.minute_number'
        ) }} as since,
        rules.requests,
        rules.value
    from firings
    cross join lateral ({{ claim_reconciliation.alert_rows(rules) | indent(8) }}) as rules
)

select * from final
