{% macro up_to_as_of(timestamp) %}
    {#- A filter that leaves out what came after `as_of`; true where it is unset,
        so that a claim dated ahead counts. -#}
    {%- if var('as_of', none) -%}
        {{ timestamp }} <= {{ claim_reconciliation.current_time() }}
    {%- else -%}
        true
    {%- endif -%}
{% endmacro %}
