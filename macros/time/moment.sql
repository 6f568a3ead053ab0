{% macro moment(text) %}
    {#- A moment that is written down, with its zone. -#}
    {{- return(adapter.dispatch('moment', 'claim_reconciliation')(text)) -}}
{% endmacro %}


{% macro default__moment(text) %}
    {{- return("timestamptz '" ~ text ~ "'") -}}
{% endmacro %}


{% macro spark__moment(text) %}
    {{- return("timestamp '" ~ text ~ "'") -}}
{% endmacro %}


{% macro infinity(sign='') %}
    {#- The time that is later than every other, or with a minus earlier;
        to be compared with times. -#}
    {{- return(adapter.dispatch('infinity', 'claim_reconciliation')(sign)) -}}
{% endmacro %}


{% macro default__infinity(sign) %}
    {{- return("'" ~ sign ~ "infinity'") -}}
{% endmacro %}


{% macro spark__infinity(sign) %}
    {#- Spark knows no infinite time: the first and the last that it can write stand for them. -#}
    {{- return(
        claim_reconciliation.moment(
            '0001-01-01 00:00:00+00:00' if sign else '9999-12-31 23:59:59.999999+00:00'
        )
    ) -}}
{% endmacro %}
