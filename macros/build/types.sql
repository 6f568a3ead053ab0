{% macro typed(value, type) %}
    {#- A value cast to a type, which is named as PostgreSQL names it. -#}
    {{- return(adapter.dispatch('typed', 'claim_reconciliation')(value, type)) -}}
{% endmacro %}


{% macro default__typed(value, type) %}
    {{- return(value ~ '::' ~ type) -}}
{% endmacro %}


{% macro spark__typed(value, type) %}
    {{- return('cast(' ~ value ~ ' as ' ~ claim_reconciliation.type_name(type) ~ ')') -}}
{% endmacro %}


{% macro type_name(type) %}
    {#- What the engine calls a type of PostgreSQL. -#}
    {{- return(adapter.dispatch('type_name', 'claim_reconciliation')(type)) -}}
{% endmacro %}


{% macro default__type_name(type) %}
    {{- return(type) -}}
{% endmacro %}


{% macro spark__type_name(type) %}
    {#- A decimal of Spark has a scale of its own, and an id no type but its text. -#}
    {{- return({
        'text': 'string', 'uuid': 'string', 'jsonb': 'string', 'timestamptz': 'timestamp',
        'double precision': 'double',
        'numeric': 'decimal(38, 10)',
    }.get(type, type)) -}}
{% endmacro %}


{% macro rounded(value, places) %}
    {#- A number rounded to so many decimal places, halves away from 0, as a double. -#}
    {{- return(claim_reconciliation.typed(
        'round(' ~ claim_reconciliation.typed('(' ~ value ~ ')', 'numeric') ~ ', ' ~ places ~ ')',
        'double precision'
    )) -}}
{% endmacro %}


{% macro value_of_last(value, keys) %}
    {#- An aggregate: the value in the row whose keys are the last;
        a key that is null comes last of all. -#}
    {{- return(adapter.dispatch('value_of_last', 'claim_reconciliation')(value, keys)) -}}
{% endmacro %}


{% macro default__value_of_last(value, keys) %}
    {{- return('(array_agg(' ~ value ~ ' order by ' ~ keys | join(' desc, ') ~ ' desc))[1]') -}}
{% endmacro %}


{% macro spark__value_of_last(value, keys) %}
    {%- set ranks = [] -%}
    {%- for key in keys -%}
        {%- do ranks.extend([key ~ ' is null', key]) -%}
    {%- endfor -%}
    {{- return('max_by(' ~ value ~ ', struct(' ~ ranks | join(', ') ~ '))') -}}
{% endmacro %}


{% macro distinct_values(column) %}
    {#- An aggregate: the different texts of a column in their order, behind commas. -#}
    {{- return(adapter.dispatch('distinct_values', 'claim_reconciliation')(column)) -}}
{% endmacro %}


{% macro default__distinct_values(column) %}
    {{- return('string_agg(distinct ' ~ column ~ ", ', ' order by " ~ column ~ ')') -}}
{% endmacro %}


{% macro spark__distinct_values(column) %}
    {{- return(
        'string_agg(distinct ' ~ column ~ ", ', ') within group (order by " ~ column ~ ')'
    ) -}}
{% endmacro %}
