{% macro refuse_unreadable_sources(always=false) %}
    {#- Before anything is built or installed: refuses a table or column that is missing, one whose
        type the models cannot read, an expression that PostgreSQL refuses, and a zone that it does
        not know by name, in the sentences of doctor. -#}
    {%- for table in claim_reconciliation.known_columns()
        if claim_reconciliation.has_source(table) -%}
        {#- dbt learns of the sources while it parses. -#}
        {%- set relation = source('claim_service', table) -%}
    {%- endfor -%}
    {%- if execute and (always or flags.WHICH in ('run', 'build')) -%}
        {%- set wrong = claim_reconciliation.unreadable_sources() -%}
        {%- if wrong -%}
            {{- exceptions.raise_compiler_error(wrong | join('\n  ')) -}}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{% macro unreadable_sources() %}
    {#- What is wrong with the service's tables, one sentence each. -#}
    {{- return(adapter.dispatch('unreadable_sources', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__unreadable_sources() %}
    {{- claim_reconciliation.refuse_long_schemas(
        graph.nodes.values() | selectattr(
            'package_name', 'equalto', 'claim_reconciliation'
        ) | map(attribute='schema') | unique
    ) -}}
    {%- set columns = "'" ~ tojson(claim_reconciliation.looked_up_columns()) | replace("'", "''")
        ~ "'::jsonb" -%}
    {%- set wrong = [] -%}
    {%- for query in [
        claim_reconciliation.missing_sources(columns),
        claim_reconciliation.doctor_columns(columns),
        claim_reconciliation.doctor_types(columns, claim_reconciliation.source_settings()),
    ] -%}
        {%- for row in run_query(
            "select finding, advice from (" ~ query ~ ") as said where state = 'error'"
        ).rows -%}
            {%- do wrong.append(row[0] ~ ' ' ~ row[1]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(wrong) -}}
{% endmacro %}


{% macro refuse_long_schemas(schemas) %}
    {#- PostgreSQL cuts a name after 63 bytes:
        the first build would make a schema that the second one does not find. -#}
    {%- for schema in schemas if schema.encode('utf-8') | length > 63 -%}
        {{- exceptions.raise_compiler_error(
            'The models would land in the schema ' ~ schema
            ~ ', whose name is longer than the 63 letters of PostgreSQL.'
            ~ ' Give the target a shorter schema in profiles.yml.'
        ) -}}
    {%- endfor -%}
{% endmacro %}
