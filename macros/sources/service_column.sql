{% macro mapped_column(table, column) %}
    {#- The name that the consumer's table gives the column; none where it is mapped to null, because there is none. -#}
    {{- return(claim_reconciliation.map_var('claim_service_columns').get(table, {}).get(column, column)) -}}
{% endmacro %}


{% macro service_column(table, column) %}
    {#- A select expression: `column`, or `"mapped" as column` where the consumer's table names it otherwise, or a null of
        its type where the service has no such column. -#}
    {%- if not claim_reconciliation.has_column(table, column) -%}
        null::{{ claim_reconciliation.column_type(table, column) }} as {{ column }}
    {%- else -%}
        {%- set mapped = claim_reconciliation.mapped_column(table, column) -%}
        {{ column if mapped == column else adapter.quote(mapped) ~ ' as ' ~ column }}
    {%- endif -%}
{% endmacro %}


{% macro column_type(table, column) %}
    {#- The type that a column has where the service has none. -#}
    {%- set known = claim_reconciliation.known_columns()[table][column] -%}
    {{- return(known.get('type', {
        'key': 'text', 'text': 'text', 'status': 'text', 'user_id': var('user_id_data_type'), 'time': 'timestamptz', 'integer': 'int',
        'number': 'numeric', 'jsonb': 'jsonb',
    }[known.family])) -}}
{% endmacro %}
