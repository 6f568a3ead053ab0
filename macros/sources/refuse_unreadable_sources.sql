{% macro refuse_unreadable_sources(always=false) %}
    {#- Before anything is built or installed: refuses a column whose type the models cannot read, a zone that PostgreSQL
        does not know by name, and a catalogue that a SKU without case cannot meet. -#}
    {%- if execute and (always or flags.WHICH in ('run', 'build')) -%}
        {{- claim_reconciliation.refuse_long_schemas(
            graph.nodes.values() | selectattr('package_name', 'equalto', 'claim_reconciliation') | map(attribute='schema') | unique
        ) -}}
        {{- claim_reconciliation.refuse_unknown_zones() -}}
    {%- endif -%}
    {%- for table, columns in claim_reconciliation.typed_columns().items() -%}
        {#- dbt learns of the sources while it parses. -#}
        {%- set relation = source('claim_service', table) -%}
        {%- if execute and (always or flags.WHICH in ('run', 'build')) -%}
            {%- for column in columns -%}
                {%- do claim_reconciliation.service_value(table, column) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and (always or flags.WHICH in ('run', 'build')) -%}
        {%- for item in claim_reconciliation.wallet_items() -%}
            {%- do claim_reconciliation.wallet_value(item) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro typed_columns() %}
    {#- The columns whose type decides how they are read; those of an optional source only where it is on. -#}
    {%- set columns = {
        'purchase_claims': ['user_id', 'claimed_at'],
        'user_wallet_balances': ['user_id', 'updated_at'],
        'audit_purchases': ['user_id', 'purchased_at'],
        'function_metrics': ['timestamp'],
    } -%}
    {%- if claim_reconciliation.has_source('wallet_adjustments') -%}
        {%- do columns.update({'wallet_adjustments': ['user_id', 'adjusted_at']}) -%}
    {%- endif -%}
    {%- if claim_reconciliation.has_source('queued_purchases') -%}
        {%- do columns.update({'queued_purchases': ['user_id', 'received_at']}) -%}
    {%- endif -%}
    {%- if claim_reconciliation.has_source('users') -%}
        {%- do columns.update({'users': ['user_id']}) -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}


{% macro refuse_unknown_zones() %}
    {%- set named = {'cap_timezone': var('cap_timezone'), 'local_timezone': var('local_timezone')} -%}
    {%- if var('metrics_time_zone', none) -%}
        {%- do named.update({'metrics_time_zone': var('metrics_time_zone')}) -%}
    {%- endif -%}
    {%- for table, zone in (var('claim_service_time_zones', none) or {}).items() -%}
        {%- do named.update({'claim_service_time_zones: ' ~ table: zone}) -%}
    {%- endfor -%}
    {%- set known = run_query('select name from pg_catalog.pg_timezone_names').columns[0].values() -%}
    {%- for name, zone in named.items() if zone not in known -%}
        {{- exceptions.raise_compiler_error(
            'The var ' ~ name ~ ' is ' ~ zone ~ ", which is no name of a zone (to PostgreSQL, 'UTC+2' lies two hours west)."
            ~ ' Use a name of pg_timezone_names, such as Europe/Berlin.'
        ) -}}
    {%- endfor -%}
{% endmacro %}


{% macro refuse_long_schemas(schemas) %}
    {#- PostgreSQL cuts a name after 63 bytes: the first build would make a schema that the second one does not find. -#}
    {%- for schema in schemas if schema.encode('utf-8') | length > 63 -%}
        {{- exceptions.raise_compiler_error(
            'The models would land in the schema ' ~ schema ~ ', whose name is longer than the 63 letters of PostgreSQL.'
            ~ ' Give the target a shorter schema in profiles.yml.'
        ) -}}
    {%- endfor -%}
{% endmacro %}
