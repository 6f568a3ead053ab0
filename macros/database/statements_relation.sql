{% macro statements_relation() %}
    {#- Where the server records statements, or no rows where the extension is missing or not
        loaded. -#}
    {%- set found = none -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select nspname from pg_catalog.pg_extension"
            " join pg_catalog.pg_namespace on pg_namespace.oid = extnamespace"
            " where extname = 'pg_stat_statements'"
            " and current_setting('pg_stat_statements.max', true) is not null"
        ) -%}
    {%- endif -%}
    {%- if found and found.rows | length > 0 -%}
        (
            select * from {{ adapter.quote(found.rows[0][0]) }}.pg_stat_statements
            where dbid = (select oid from pg_catalog.pg_database where datname = current_database())
        ) as statements
    {%- else -%}
        (
            select
                null::bigint as queryid, null::text as query, null::bigint as calls,
                null::float8 as total_exec_time, null::float8 as max_exec_time, null::bigint as rows
            where false
        ) as statements
    {%- endif -%}
{% endmacro %}
