{% macro guard_chunk_lines() -%}
    {#- How many lines of a plan have one digest, and so at most how many a batch applies.
        The stored chunk_no of each line is made of it: another number is for a guard that
        holds no plan. -#}
    500
{%- endmacro %}


{% macro guard_chunk_of(line_no) -%}
    ({{ line_no }} - 1) / {{ claim_reconciliation.guard_chunk_lines() }}
{%- endmacro %}
