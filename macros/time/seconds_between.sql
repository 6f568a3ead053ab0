{% macro seconds_between(earlier, later) %}
    {#- Seconds from `earlier` to `later`, with microseconds; infinite where one of them is. -#}
    {{- return(adapter.dispatch('seconds_between', 'claim_reconciliation')(earlier, later)) -}}
{%- endmacro %}


{% macro default__seconds_between(earlier, later) -%}
    (extract(epoch from {{ later }}) - extract(epoch from {{ earlier }}))::double precision
{%- endmacro %}


{% macro spark__seconds_between(earlier, later) -%}
    {%- set never = claim_reconciliation.infinity() -%}
    case
        when {{ later }} = {{ never }} and {{ earlier }} < {{ never }}
            then cast('Infinity' as double)
        when {{ earlier }} = {{ never }} and {{ later }} < {{ never }}
            then cast('-Infinity' as double)
        else cast(unix_micros({{ later }}) - unix_micros({{ earlier }}) as double) / 1000000
    end
{%- endmacro %}
