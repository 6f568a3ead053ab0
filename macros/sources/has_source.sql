{% macro has_source(name) %}
    {#- Whether the service has this table. Optional ones are found by looking;
        the var has_<name> overrides. -#}
    {%- if name not in claim_reconciliation.optional_sources() -%}
        {{- return(true) -}}
    {%- elif var('has_' ~ name, none) is not none -%}
        {{- return(var('has_' ~ name)) -}}
    {%- endif -%}
    {{- return(not execute or name in claim_reconciliation.found_columns()) -}}
{% endmacro %}


{% macro has_column(table, column) %}
    {#- Whether the service's table has this column. Optional ones are found by looking; one that is
        mapped to a name is expected there, one that is mapped to null is absent. -#}
    {%- if not claim_reconciliation.has_source(table) -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set known = claim_reconciliation.known_columns()[table].get(column, {}) -%}
    {%- set mapping = claim_reconciliation.map_var('claim_service_columns').get(table, {}) -%}
    {%- if column in mapping and mapping[column] is none and not known.get('is_optional') -%}
        {%- do exceptions.raise_compiler_error(
            "claim_service_columns maps " ~ table ~ "." ~ column
            ~ " to null, but the models cannot do without it. Name the"
            " column that holds it:\n  claim_service_columns: {" ~ table ~ ": {" ~ column
            ~ ": its name}}"
        ) -%}
    {%- elif not known.get('is_optional') or column in mapping -%}
        {{- return(column not in mapping or mapping[column] is not none) -}}
    {%- endif -%}
    {{- return(not execute or column in claim_reconciliation.found_columns().get(table, [])) -}}
{% endmacro %}


{% macro found_columns() %}
    {#- The columns that are read, by table and by the package's name, as the database has them:
        {column, type, base, schema, expression}, where base is the type below a domain, or
        `enum`. -#}
    {{- return(claim_reconciliation.once_a_run(
        'found_columns', claim_reconciliation.read_columns_by_table
    )) -}}
{% endmacro %}


{% macro read_columns_by_table() %}
    {%- set tables = {} -%}
    {%- for found in claim_reconciliation.looked_up_columns() if found.is_read -%}
        {%- do tables.setdefault(found.source, {}).update({found.name: {
            'column': found.column_name, 'type': found.type_name, 'base': found.base_type,
            'schema': found.type_schema, 'expression': found.expression,
        }}) -%}
    {%- endfor -%}
    {{- return(tables) -}}
{% endmacro %}


{% macro looked_up_columns() %}
    {#- The rows of source_columns. -#}
    {{- return(claim_reconciliation.once_a_run(
        'looked_up_columns', claim_reconciliation.columns_of_sources
    )) -}}
{% endmacro %}


{% macro columns_of_sources() %}
    {{- return(adapter.dispatch('columns_of_sources', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__columns_of_sources() %}
    {%- set columns = [] -%}
    {%- for row in run_query(
        'select to_jsonb(columns)::text from ('
        ~ claim_reconciliation.source_columns(claim_reconciliation.source_settings())
        ~ ') as columns'
    ).rows -%}
        {%- set column = fromjson(row[0]) -%}
        {%- if column.is_read and column.expression -%}
            {%- do column.update(claim_reconciliation.probed(column.probe)) -%}
        {%- endif -%}
        {%- do columns.append(column) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}


{% macro source_settings() %}
    {#- The vars that name what is read of the service, as an SQL expression. -#}
    {%- set settings = {} -%}
    {%- for name in [
        'cap_timezone', 'claim_service_columns', 'claim_service_schema', 'claim_service_tables',
        'claim_service_time_zones', 'local_timezone', 'metrics_time_zone', 'user_id_data_type',
        'wallet_items',
    ] -%}
        {%- do settings.update({name: var(name)}) -%}
    {%- endfor -%}
    {%- for name in claim_reconciliation.optional_sources() -%}
        {%- do settings.update({'has_' ~ name: var('has_' ~ name, none)}) -%}
    {%- endfor -%}
    {{- return("'" ~ tojson(settings, sort_keys=true) | replace("'", "''") ~ "'::jsonb") -}}
{% endmacro %}


{% macro probed(probe) %}
    {#- What the query `probe` says of an expression's type; {refused}, with PostgreSQL's reason,
        where it fails. -#}
    {%- set said = claim_reconciliation.refused(probe) -%}
    {%- if said -%}
        {{- return({'refused': said}) -}}
    {%- endif -%}
    {%- set row = run_query(probe).rows[0] -%}
    {{- return({
        'type_id': row[0] | int, 'type_name': row[1], 'base_type': row[2], 'type_schema': row[3]
    }) -}}
{% endmacro %}


{% macro refused(statements) %}
    {#- Why PostgreSQL refuses statements; empty where it does not. -#}
    {{- return(run_query(
        'do $try$ begin execute $query$' ~ statements
        ~ "$query$; perform set_config('claim_reconciliation.refused', '', false);"
        ~ " exception when others then"
        ~ " perform set_config('claim_reconciliation.refused', sqlerrm, false); end $try$;"
        ~ " select current_setting('claim_reconciliation.refused')"
    ).rows[0][0]) -}}
{% endmacro %}


{% macro found_column(table, column) %}
    {#- What found_columns says of a column of a source table, by the package's name or, for an
        item, by the wallet's; none while dbt parses, and where the table has no such column. -#}
    {%- set found = claim_reconciliation.found_columns().get(table, {}).get(column) if execute -%}
    {{- return(found if found and found.type else none) -}}
{% endmacro %}


{% macro found_parts() %}
    {#- Which optional tables and columns the service has, as JSON with sorted keys, to stand
        between single quotes. -#}
    {%- set parts = {} -%}
    {%- for source in claim_reconciliation.optional_sources() -%}
        {%- do parts.update({source: claim_reconciliation.has_source(source)}) -%}
    {%- endfor -%}
    {%- for source, columns in claim_reconciliation.known_columns().items() -%}
        {%- for name, column in columns.items() if column.get('is_optional') -%}
            {%- do parts.update({
                source ~ '.' ~ name: claim_reconciliation.has_column(source, name)
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(tojson(parts, sort_keys=true)) -}}
{% endmacro %}
