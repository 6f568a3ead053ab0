{% macro keeps_units(tables=none) %}
    {#- Whether one of these tables says how many units a row is of; by default of all that may. -#}
    {%- for table in tables or ['purchase_claims', 'audit_purchases', 'queued_purchases']
        if claim_reconciliation.has_column(table, 'units') -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(false) -}}
{% endmacro %}


{% macro units_of(rows, tables=none) %}
    {#- The units of a row, one where nothing says how many;
        a plain 1 where none of the tables has such a column. -#}
    {{- return(
        'coalesce(' ~ (rows ~ '.' if rows else '') ~ 'units, 1)'
        if claim_reconciliation.keeps_units(tables) else '1'
    ) -}}
{% endmacro %}


{% macro times_units(value, rows, tables=none) %}
    {#- A value a unit, for all units of a row. -#}
    {%- if claim_reconciliation.keeps_units(tables) -%}
        {{- return(value ~ ' * ' ~ claim_reconciliation.units_of(rows, tables)) -}}
    {%- endif -%}
    {{- return(value) -}}
{% endmacro %}
