{% macro in_time_zone(timestamp, time_zone) %}
    {#- A time as the moment that it is: one without a zone is read as of the zone given, one with a zone as it is. -#}
    {{- return('(' ~ timestamp ~ " at time zone '" ~ time_zone ~ "')" if time_zone else timestamp) -}}
{% endmacro %}
