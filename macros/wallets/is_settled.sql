{% macro is_settled(last_activity_at, now) %}
    {#- Whether the user's last activity is at least settle_minutes old; a user without any known
        time is settled, so that an unknown time excuses nothing. -#}
    coalesce(
        {{ last_activity_at }} <= {{ now }} - {{ var('settle_minutes') }} * interval '1 minute',
        true
    )
{%- endmacro %}
