{% macro keep_test_results() %}
    {#- At the end of a run: one row a data test in fct_test_results, passes included, and those
        older than test_results_retention_days gone. It never fails a build: what goes wrong here is
        a warning of the database. -#}
    {%- if execute -%}
        {%- set tests = results | selectattr('node.resource_type', 'equalto', 'test') | list -%}
        {%- for node in graph.nodes.values()
            if tests and node.package_name == 'claim_reconciliation'
            and node.name == 'fct_test_results' -%}
            {{- claim_reconciliation._insert_test_results(node.schema, node.alias, tests) -}}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro _insert_test_results(schema, table, tests) %}
do $keep_test_results$
begin
    if to_regclass('{{ adapter.quote(schema) }}.{{ adapter.quote(table) }}') is null then
        raise warning '{{ schema }}.{{ table }} does not exist yet: '
            'dbt build makes it, and keeps results from then on';
        return;
    end if;
    set local lock_timeout = '5s';
    insert into {{ adapter.quote(schema) }}.{{ adapter.quote(table) }} (
        invocation_id, test_id, test_name, package_name, severity, status, failures,
        execution_seconds, tested_at, runbook, selector
    )
    select
        '{{ invocation_id }}', test_id, test_name, package_name, severity, status, failures,
        execution_seconds, tested_at, runbook,
        nullif('{{ claim_reconciliation._built_selector() }}', '')
    from jsonb_to_recordset('{{ claim_reconciliation._test_results_json(tests) }}') as results (
        test_id text, test_name text, package_name text, severity text, status text,
        failures bigint, execution_seconds double precision, tested_at timestamptz, runbook text
    );
    delete from {{ adapter.quote(schema) }}.{{ adapter.quote(table) }}
    where tested_at
        < statement_timestamp() - {{ var('test_results_retention_days') }} * interval '24 hours';
exception when others then
    raise warning 'test results were not kept: % (%)', sqlerrm, sqlstate;
end
$keep_test_results$;
{% endmacro %}


{% macro _test_results_json(tests) %}
    {#- The results as JSON, to stand between single quotes. No message and no row of a failing
        test: both may hold ids of users. -#}
    {%- set rows = [] -%}
    {%- for test in tests -%}
        {%- set executed = test.timing | selectattr('name', 'equalto', 'execute')
            | map(attribute='completed_at') | first -%}
        {%- do rows.append({
            'test_id': test.node.unique_id,
            'test_name': test.node.name,
            'package_name': test.node.package_name,
            'severity': test.node.config.severity | lower,
            'status': test.status | string,
            'failures': test.failures,
            'execution_seconds': test.execution_time,
            'runbook': test.node.config.meta.get('runbook', 'which-test-is-red'),
            'tested_at': (executed or run_started_at).strftime('%Y-%m-%d %H:%M:%S.%f+00'),
        }) -%}
    {%- endfor -%}
    {{- return(tojson(rows) | replace("'", "''")) -}}
{% endmacro %}


{% macro _built_selector() %}
    {#- Which of the selectors this run has built: its name, `all` where nothing was selected or
        left out, and nothing where it built a part or only tested. Unit tests and the like say
        nothing about what was built. -#}
    {%- set given = invocation_args_dict or {} -%}
    {%- if given.get('which') != 'build' or given.get('select') or given.get('exclude') -%}
        {{- return('') -}}
    {%- endif -%}
    {{- return(given.get('selector') or 'all') -}}
{% endmacro %}
