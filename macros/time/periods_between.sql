{% macro periods_between(first, last, minutes) %}
    {#- A set of the starts of all periods from the first to the last,
        so that a period without any row is a row. -#}
    {{- return(
        adapter.dispatch('periods_between', 'claim_reconciliation')(first, last, minutes)
    ) -}}
{%- endmacro %}


{% macro default__periods_between(first, last, minutes) -%}
    generate_series({{ first }}, {{ last }}, interval '{{ minutes }} minutes')
{%- endmacro %}


{% macro spark__periods_between(first, last, minutes) -%}
    explode(
        case
            when {{ first }} <= {{ last }}
                then sequence({{ first }}, {{ last }}, interval '{{ minutes }} minutes')
        end
    )
{%- endmacro %}
