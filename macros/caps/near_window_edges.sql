{% macro near_window_edges(zones) %}
    {#- When a week or month starts by the clocks of one of two zones: one row with the moments around each such midnight, as
        a multirange, which PostgreSQL searches faster than it asks a zone. Clocks that go back show a midnight twice: by up
        to three hours since 1970, but for one station in the Antarctic. Before 1970 and after 2070 no midnight is listed,
        and every moment is near one. -#}
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
    from generate_series('1970-01-01'::timestamp, '2070-01-01'::timestamp, interval '1 day') as midnight
    where extract(isodow from midnight) = 1 or extract(day from midnight) = 1
) as midnights
{% endmacro %}
