{% macro cap_windows() %}
    {#- The two kinds of window that caps count in, with the catalogue's column for each and the
        hours of a rolling one. -#}
    {{- return([
        {'type': 'week', 'cap': 'weekly_cap', 'hours': 168},
        {'type': 'month', 'cap': 'monthly_cap', 'hours': 720},
    ]) -}}
{% endmacro %}


{% macro cap_window_start(window, timestamp, zone=none) %}
    {#- Where the window of a moment starts: the Monday or the first of the month, at midnight in
        the zone, or for rolling windows the hours before. A calendar window holds its start, a
        rolling one does not. -#}
    {%- if var('cap_window') == 'rolling' and zone is none -%}
        {{ claim_reconciliation.hours_after(timestamp, -window.hours) }}
    {%- else -%}
        {%- set zone = zone or var('cap_timezone') -%}
        {{- claim_reconciliation.window_start(window.type, timestamp, zone) -}}
    {%- endif -%}
{% endmacro %}


{% macro is_in_cap_window(window, earlier, later) %}
    {#- Whether an earlier moment lies in the window of a later one. The zone is asked only about
        moments that are near enough: a calendar month has up to 31 days and an hour, and a zone may
        once have moved by a day. -#}
    {%- if var('cap_window') == 'rolling' -%}
        {{ earlier }} > {{ claim_reconciliation.cap_window_start(window, later) }}
    {%- else -%}
        (
            {{ earlier }} > {{ claim_reconciliation.hours_after(
                later, 0 - (168 if window.type == 'week' else 744) - 25
            ) }}
            and {{ claim_reconciliation.cap_window_start(window, earlier) }}
            = {{ claim_reconciliation.cap_window_start(window, later) }}
        )
    {%- endif -%}
{% endmacro %}
