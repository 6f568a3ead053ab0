{% macro guard_is_open(plan) -%}
    {#- Whether a plan may still be approved or applied, by its state alone. -#}
    {{ plan }}.state in ('planned', 'approved', 'applying')
{%- endmacro %}


{% macro guard_is_past_its_time(plan) -%}
    {#- Whether the time of a plan that is open is over: by the clock, whether anybody has written
        it down or not. -#}
    {{ claim_reconciliation.guard_is_open(plan) }} and clock_timestamp() > {{ plan }}.expires_at
{%- endmacro %}
