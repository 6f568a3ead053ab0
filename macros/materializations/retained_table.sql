{#- A table that is filled on several cores, and whose predecessor is renamed and kept until no view
    reads it any longer, so that the views on it exist and answer at every moment of a build, also
    of one whose tests fail. dbt's own `table` drops the predecessor with cascade, and the views
    with it. `drop_retired_tables` lets the views read the new table when the run ends, and drops
    the predecessors. -#}
{% materialization retained_table, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ claim_reconciliation._replace_table(
        existing, target, claim_reconciliation._retired_relation(target), sql
    ) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}


{% macro _retired_relation(relation) %}
    {%- set moment = modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y%m%d%H%M%S%f') -%}
    {{- return(
        relation.incorporate(path={'identifier': relation.identifier ~ '__retired_' ~ moment})
    ) -}}
{% endmacro %}


{% macro drop_retired_tables() %}
    {#- When the run ends: whatever was selected, the views on a predecessor, ours and others', read
        the table that took its place, and the predecessor goes. Where a test of the new table
        failed, they go on reading the last good one; that, and one that a reader holds, stays for
        the next run. -#}
    {{- return(adapter.dispatch('drop_retired_tables', 'claim_reconciliation')()) -}}
{% endmacro %}


{% macro default__drop_retired_tables() %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set wrong = [] -%}
        {%- for result in results
            if result.status in ('fail', 'error') and result.node.resource_type == 'test' -%}
            {%- do wrong.extend(result.node.depends_on.nodes) -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values()
            if node.package_name == 'claim_reconciliation'
            and node.config.materialized in ('retained_table', 'incremental_balances') -%}
            {%- if node.unique_id not in wrong -%}
                {{- claim_reconciliation.point_views_at(
                    node.schema, node.alias,
                    "starts_with(old.relname, '" ~ node.alias ~ "__retired_')"
                ) -}}
            {%- endif -%}
            {{- claim_reconciliation._drop_retired_tables_of(node.schema, node.alias) -}}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}


{% macro _drop_retired_tables_of(schema, table) %}
do $retired$
declare
    v_table regclass;
begin
    set local lock_timeout = '1s';
    for v_table in
        select pg_class.oid::regclass
        from pg_catalog.pg_class
        join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
        where pg_namespace.nspname = '{{ schema }}'
            and pg_class.relkind = 'r'
            and starts_with(pg_class.relname, '{{ table }}__retired_')
    loop
        begin
            execute format('drop table %s restrict', v_table);
        exception when dependent_objects_still_exist or lock_not_available then
            raise notice '% stays for the next run: %', v_table, sqlerrm;
        end;
    end loop;
end
$retired$;
{% endmacro %}


{% macro spark__drop_retired_tables() %}
    {#- A view of Spark reads by name: nothing is retired. -#}
{% endmacro %}
