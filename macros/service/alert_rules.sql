{% macro alert_rules() %}
    {#- The alerts, one entry each. `parts` are pairs of columns of int_service_minutes, what is bad
        and out of how many: a minute breaches where in each pair bad > threshold * unit * total,
        and has little traffic where a total lies below min_total. Where nobody asked anything, by
        the column asked, it breaches or says nothing: silence is never ok. It fires after
        for_minutes such minutes in a row. -#}
    {%- set recent = 'the trailing 5 minutes, or as many more as hold ' ~ var('min_requests')
        ~ ' requests' -%}
    {%- set availability_budget = '(1 - ' ~ var('slo_availability') ~ ')' -%}
    {{- return([
        {'alert': 'error_rate', 'severity': 'critical',
         'threshold': var('alert_error_rate'), 'unit': 1,
         'parts': [('recent_errors', 'recent_requests')], 'min_total': var('min_requests'),
         'asked': 'requests_5m',
         'for_minutes': var('alert_error_rate_minutes'), 'anchor': 'error-rate',
         'description': 'Share of requests answered by 5xx, or by nothing, over ' ~ recent ~ '.'},
        {'alert': 'latency', 'severity': 'warning',
         'threshold': var('alert_slow_share'), 'unit': 1,
         'parts': [('recent_slow_requests', 'recent_timed_requests')],
         'min_total': var('min_requests'), 'asked': 'timed_requests_5m',
         'for_minutes': var('alert_latency_minutes'), 'anchor': 'latency',
         'description': 'Share of requests slower than ' ~ var('alert_latency_ms') ~ ' ms over '
         ~ recent ~ '.'},
        {'alert': 'conflict_rate', 'severity': 'info',
         'threshold': var('alert_conflict_rate'), 'unit': 1,
         'parts': [('conflicts_60m', 'requests_60m')], 'min_total': var('min_requests'),
         'for_minutes': 1, 'anchor': 'conflict-rate',
         'description': 'Share of requests refused by a cap over the trailing 60 minutes.'},
        {'alert': 'fast_burn', 'severity': 'critical',
         'threshold': var('fast_burn_rate'), 'unit': availability_budget,
         'parts': [('errors_60m', 'requests_60m'), ('recent_errors', 'recent_requests')],
         'min_total': var('min_requests'), 'asked': 'requests_5m',
         'for_minutes': 1, 'anchor': 'fast-burn',
         'description': 'How many times too fast the error budget burns, over 60 minutes and over '
         '5, the lower of both.'},
        {'alert': 'wallets_match_claims', 'severity': 'critical',
         'threshold': 0, 'unit': 1,
         'parts': [('wrong_balances', 'settled_balances')], 'min_total': 1,
         'for_minutes': 1, 'anchor': 'wallets-are-wrong',
         'description': 'Share of settled balances that are wrong, by the latest build.'},
    ]) -}}
{% endmacro %}


{% macro alert_requests(rule) %}
    {#- How much there was to judge by: the smallest of the rule's totals. -#}
    least(
        {%- for _, total in rule.parts -%}
        coalesce({{ total }}, 0){{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{% macro alert_signal(rule) %}
    {#- What one minute says about a rule: breach, ok, low_traffic or no_data. Counts decide,
        never a ratio. -#}
    case
        when
            {{ claim_reconciliation.alert_requests(rule) }} >= {{ rule.min_total }}
            {%- for bad, total in rule.parts %}
            and {{ bad }} > {{ rule.threshold }} * {{ rule.unit }} * {{ total }}
            {%- endfor %}
            then 'breach'
        when {{ claim_reconciliation.alert_requests(rule) }} = 0 then 'no_data'
        {%- if rule.asked %}
        when coalesce({{ rule.asked }}, 0) = 0 then 'no_data'
        {%- endif %}
        when {{ claim_reconciliation.alert_requests(rule) }} < {{ rule.min_total }}
            then 'low_traffic'
        else 'ok'
    end
{%- endmacro %}


{% macro alert_value(rule) %}
    {#- What the threshold is compared with, for people. -#}
    least(
        {%- for bad, total in rule.parts -%}
        {{ bad }}::double precision / nullif({{ total }} * {{ rule.unit }}, 0)
        {{- ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}


{% macro signal_changes(signals, rules) %}
    {#- A query for the minutes in which a rule's signal is another one than in the minute
        before. -#}
    {%- for rule in rules -%}
select
    '{{ rule.alert }}' as alert,
    {{ rule.for_minutes }} as for_minutes,
    minute_number as first_minute,
    last_known_minute,
    {{ rule.alert }}_signal as signal
from {{ signals }}
where {{ rule.alert }}_changes
    {{- ' union all ' if not loop.last }}
    {% endfor -%}
{%- endmacro %}


{% macro by_alert(rules, expression) %}
    {#- An expression that is another one for each rule. -#}
    case alert
        {%- for rule in rules %}
        when '{{ rule.alert }}' then {{ expression(rule) }}
        {%- endfor %}
    end
{%- endmacro %}


{% macro alert_rule_rows(rules) %}
    {#- A query for the rules, one row each. A rule without for_minutes fires at once. -#}
    {%- for rule in rules -%}
select
    '{{ rule.alert }}' as alert,
    '{{ rule.severity }}' as severity,
    {{ rule.threshold }}::double precision as threshold,
    {{ rule.for_minutes or 1 }} as for_minutes,
    '{{ rule.description }}' as description,
    '{{ rule.anchor }}' as anchor
    {{- ' union all ' if not loop.last }}
    {% endfor -%}
{%- endmacro %}
