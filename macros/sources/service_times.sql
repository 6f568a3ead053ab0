{% macro source_time_zone(table) %}
    {#- The zone of the table's times that have none themselves; none where no var names one. -#}
    {%- set zone = (var('claim_service_time_zones', none) or {}).get(table) -%}
    {{- return(
        zone or (var('metrics_time_zone', none) if table == 'function_metrics' else none)
    ) -}}
{% endmacro %}


{% macro time_read(table, name, found) %}
    {#- A time column as the moment that it is. A date, of tables that are only read, is its day's
        last moment: what may have been bought just now is in flight. -#}
    {%- set zone = claim_reconciliation.source_time_zone(table) -%}
    {%- if not zone or not found or found.base not in ('timestamp', 'date') -%}
        {{- return(name) -}}
    {%- elif found.base == 'timestamp' -%}
        {{- return(claim_reconciliation.moment_of_clocks(name, zone)) -}}
    {%- endif -%}
    {{- return(claim_reconciliation.end_of_date(name, zone)) -}}
{% endmacro %}


{% macro end_of_date(date, zone) %}
    {#- The last moment of a day by the clocks of a zone. -#}
    {{- return(adapter.dispatch('end_of_date', 'claim_reconciliation')(date, zone)) -}}
{% endmacro %}


{% macro default__end_of_date(date, zone) %}
    {{- return(
        '((' ~ date ~ " + 1)::timestamp at time zone '" ~ zone ~ "' - interval '1 microsecond')"
    ) -}}
{% endmacro %}


{% macro spark__end_of_date(date, zone) %}
    {{- return(
        '(' ~ claim_reconciliation.moment_of_clocks(
            'cast(date_add(' ~ date ~ ', 1) as timestamp)', zone
        )
        ~ " - interval '1 microsecond')"
    ) -}}
{% endmacro %}


{% macro time_written(table, column, moment) %}
    {#- A moment as the column stores it: what the clocks of the table's zone show,
        where the column has no zone. -#}
    {%- set found = claim_reconciliation.found_column(table, column) -%}
    {%- if found and found.base == 'timestamp' -%}
        {{- return(
            '(' ~ moment ~ " at time zone '" ~ claim_reconciliation.source_time_zone(table) ~ "')"
        ) -}}
    {%- endif -%}
    {{- return(moment) -}}
{% endmacro %}


{% macro is_without_zone(table, column) %}
    {#- Whether the column's times have no zone; where there is no database to ask, whether a var
        names the table's zone. -#}
    {%- set found = claim_reconciliation.found_column(table, column) -%}
    {%- set zone = claim_reconciliation.source_time_zone(table) -%}
    {{- return(zone is not none and (not found or found.base == 'timestamp')) -}}
{% endmacro %}
