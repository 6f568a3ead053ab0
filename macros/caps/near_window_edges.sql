{% macro near_window_edges(zones) %}
    {#- When a week or month starts by the clocks of one of two zones: one row with the moments
        around each such midnight, as a multirange, which PostgreSQL searches faster than it asks a
        zone. Clocks that go back show a midnight twice: by up to three hours since 1970, but for
        one station in the Antarctic. Before 1970 and after 2070 no midnight is listed, and every
        moment is near one. -#}
    {{- return(adapter.dispatch('near_window_edges', 'claim_reconciliation')(zones)) -}}
{% endmacro %}


{% macro default__near_window_edges(zones) %}
    {%- set midnights = [] -%}
    {%- for zone in zones -%}
        {%- do midnights.append(claim_reconciliation.in_time_zone('midnight', zone)) -%}
    {%- endfor -%}
select
    range_agg(
        tstzrange(
            {{ claim_reconciliation.hours_after('first_at', -3) }},
            {{ claim_reconciliation.hours_after('last_at', 3) }}
        )
    ) + tstzmultirange(tstzrange(null, min(last_at)), tstzrange(max(first_at), null)) as near_edges
from (
    select
        least({{ midnights | join(', ') }}) as first_at,
        greatest({{ midnights | join(', ') }}) as last_at
    from generate_series(
        '1970-01-01'::timestamp, '2070-01-01'::timestamp, interval '1 day'
    ) as midnight
    where extract(isodow from midnight) = 1 or extract(day from midnight) = 1
) as midnights
{% endmacro %}


{% macro spark__near_window_edges(zones) -%}
select true as near_edges
{%- endmacro %}


{% macro lies_near(timestamp, edges) %}
    {#- Whether a time lies near one of near_window_edges, and has to be looked at. -#}
    {{- return(adapter.dispatch('lies_near', 'claim_reconciliation')(timestamp, edges)) -}}
{% endmacro %}


{% macro default__lies_near(timestamp, edges) -%}
    {{ timestamp }} <@ (select {{ edges }}.near_edges from {{ edges }})
{%- endmacro %}


{% macro spark__lies_near(timestamp, edges) -%}
    {#- Zones are asked beside the reading: every claim is looked at. -#}
    (select {{ edges }}.near_edges from {{ edges }})
{%- endmacro %}
