{% macro mapped_column(table, column) %}
    {#- The name that the consumer's table gives the column; none where it is mapped to null,
        because there is none. -#}
    {{- return(
        claim_reconciliation.map_var('claim_service_columns').get(table, {}).get(column, column)
    ) -}}
{% endmacro %}


{% macro service_column(table, column) %}
    {#- A select expression, `value as column`: the value as the models compare it, whatever type
        the table gives it, or a null of its type where the service has no such column. -#}
    {%- set value = claim_reconciliation.service_value(table, column) -%}
    {{- value if value == column else value ~ ' as ' ~ column -}}
{% endmacro %}


{% macro service_value(table, column, alias=none) %}
    {#- The column as the models compare it: ids, SKUs and the like as text by the equality of the
        table's own type, users as user_id_data_type, times with a zone; a null where the table has
        no such column. -#}
    {%- if not claim_reconciliation.has_column(table, column) -%}
        {{- return(
            claim_reconciliation.typed('null', claim_reconciliation.column_type(table, column))
        ) -}}
    {%- endif -%}
    {%- set mapped = claim_reconciliation.mapped_column(table, column) -%}
    {%- set found = claim_reconciliation.found_column(table, column) -%}
    {%- set is_plain = mapped == column and column != 'timestamp' -%}
    {%- set name = (alias ~ '.' if alias else '')
        ~ (column if is_plain else adapter.quote(mapped)) -%}
    {%- if found and found.expression -%}
        {#- In a subquery of its own, whose table hides what its names may mean outside. -#}
        {%- set name = found.expression -%}
    {%- endif -%}
    {%- if column in claim_reconciliation.service_times() -%}
        {{- return(claim_reconciliation.time_read(table, name, found)) -}}
    {%- elif column == 'user_id' -%}
        {{- return(claim_reconciliation.user_read(name, found)) -}}
    {%- elif found and column in claim_reconciliation.service_texts() and found.base != 'text' -%}
        {%- set text = claim_reconciliation.typed(name, 'text') -%}
        {#- citext finds equal what differs by case: one spelling,
            and the statuses' is upper case. -#}
        {%- if found.base == 'citext' -%}
            {{- return(('upper(' if column == 'status' else 'lower(') ~ text ~ ')') -}}
        {%- endif -%}
        {{- return(text) -}}
    {%- endif -%}
    {{- return(name) -}}
{% endmacro %}


{% macro service_texts() %}
    {{- return([
        'tx_id', 'sku', 'status', 'item', 'function_name', 'error_code', 'key', 'time_zone',
        'reason', 'accepted_by'
    ]) -}}
{% endmacro %}


{% macro service_times() %}
    {{- return([
        'claimed_at', 'updated_at', 'purchased_at', 'timestamp', 'adjusted_at', 'received_at',
        'accepted_until'
    ]) -}}
{% endmacro %}


{% macro user_read(name, found) %}
    {#- A user id as user_id_data_type; refuse_unreadable_sources has refused what is none. -#}
    {%- set wanted = var('user_id_data_type') -%}
    {%- if not found or found.type == wanted -%}
        {{- return(name) -}}
    {%- elif found.base == 'citext' -%}
        {{- return('lower(' ~ name ~ '::text)') -}}
    {%- endif -%}
    {{- return(claim_reconciliation.typed(name, wanted)) -}}
{% endmacro %}


{% macro column_type(table, column) %}
    {#- The type that a column has where the service has none. -#}
    {%- set known = claim_reconciliation.known_columns()[table][column] -%}
    {{- return(known.get('type', {
        'key': 'text', 'text': 'text', 'status': 'text', 'user_id': var('user_id_data_type'),
        'time': 'timestamptz', 'integer': 'int', 'number': 'numeric', 'jsonb': 'jsonb',
    }[known.family])) -}}
{% endmacro %}
