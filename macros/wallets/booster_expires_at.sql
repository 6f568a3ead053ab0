{% macro booster_expires_at() %}
    {#- When an entry's booster ends, by booster_stacking_policy. Columns in scope: user_id, item,
        occurred_at and duration_hours (of the whole claim, or of an adjustment of the item, whose
        quantity is hours). `max`: each entry stands alone. `extend`: time that comes while time is
        left adds up, so that the entry and all later ones last Σ d from here; the latest of these
        ends is the user's (max over k of t_k + Σ d from k on). Of entries of one moment those that
        take hours come last. -#}
    {%- set policy = var('booster_stacking_policy') -%}
    {%- if policy == 'max' -%}
        {{ claim_reconciliation.hours_after('occurred_at', 'duration_hours') }}
    {%- elif policy == 'extend' -%}
        {%- set hours -%}
            sum(duration_hours) over (
                partition by user_id, item
                order by occurred_at desc nulls first
                {{- ', duration_hours nulls last'
                    if claim_reconciliation.has_source('wallet_adjustments') }}
                rows unbounded preceding
            )
        {%- endset -%}
        {{ claim_reconciliation.hours_after('occurred_at', hours) }}
    {%- endif -%}
{% endmacro %}
