{% macro in_time_zone(timestamp, time_zone) %}
    {#- A time as the moment that it is: one without a zone is read as of the zone given,
        one with a zone as it is. -#}
    {{- return(
        claim_reconciliation.moment_of_clocks(timestamp, time_zone) if time_zone else timestamp
    ) -}}
{% endmacro %}


{% macro moment_of_clocks(timestamp, zone) %}
    {#- The moment at which the clocks of a zone show a time;
        the later one where they show it twice. -#}
    {{- return(adapter.dispatch('moment_of_clocks', 'claim_reconciliation')(timestamp, zone)) -}}
{% endmacro %}


{% macro default__moment_of_clocks(timestamp, zone) %}
    {{- return('(' ~ timestamp ~ " at time zone '" ~ zone ~ "')") -}}
{% endmacro %}


{% macro spark__moment_of_clocks(timestamp, zone) %}
    {#- Spark takes the earlier one: the later one is asked for by way of each hour, or half one,
        that clocks go back. -#}
    {%- if zone == 'UTC' -%}
        {{- return(timestamp) -}}
    {%- endif -%}
    {%- set first = 'to_utc_timestamp(' ~ timestamp ~ ", '" ~ zone ~ "')" -%}
    {%- set moments = [] -%}
    {%- for minutes in (30, 60, 120, 180, 1440) -%}
        {%- set later = '(' ~ first ~ " + interval '" ~ minutes ~ " minutes')" -%}
        {%- do moments.append(
            'case when from_utc_timestamp(' ~ later ~ ", '" ~ zone ~ "') = " ~ timestamp ~ ' then '
            ~ later ~ ' end'
        ) -%}
    {%- endfor -%}
    {#- What is infinite is so in each zone. -#}
    {%- set first_time = claim_reconciliation.infinity('-') -%}
    {%- set last_time = claim_reconciliation.infinity() -%}
    {{- return(
        'case ' ~ timestamp ~ ' when ' ~ last_time ~ ' then ' ~ last_time ~ ' when ' ~ first_time
        ~ ' then ' ~ first_time ~ ' else greatest(' ~ first ~ ', ' ~ moments | join(', ') ~ ') end'
    ) -}}
{% endmacro %}
