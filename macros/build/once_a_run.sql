{% macro once_a_run(name, make) %}
    {#- What the macro `make` gives, called once a run, because every node shares dbt's graph. The
        next run in the same process asks anew. -#}
    {%- set kept = graph.get('claim_reconciliation', {}) -%}
    {%- if kept.get('run') != invocation_id -%}
        {%- set kept = {'run': invocation_id} -%}
        {%- do graph.update({'claim_reconciliation': kept}) -%}
    {%- endif -%}
    {%- if name not in kept -%}
        {%- do kept.update({name: make()}) -%}
    {%- endif -%}
    {{- return(kept[name]) -}}
{% endmacro %}
