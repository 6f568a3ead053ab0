{% macro booster_expires_at() %}
    {#- When a claim's booster ends, by booster_stacking_policy. Columns in scope: user_id, item, claimed_at and
        duration_hours (of the whole claim).
        `max`: each claim stands alone. `extend`: time that is bought while time is left adds up, so that the claim and
        all later ones last Σ d from here; the latest of these ends is the user's (max over k of t_k + Σ d from k on). -#}
    {%- set policy = var('booster_stacking_policy') -%}
    {%- if policy == 'max' -%}
        {{ claim_reconciliation.hours_after('claimed_at', 'duration_hours') }}
    {%- elif policy == 'extend' -%}
        {%- set hours -%}
            sum(duration_hours) over (
                partition by user_id, item
                order by claimed_at desc
                rows unbounded preceding
            )
        {%- endset -%}
        {{ claim_reconciliation.hours_after('claimed_at', hours) }}
    {%- endif -%}
{% endmacro %}
