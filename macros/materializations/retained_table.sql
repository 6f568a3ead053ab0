{#- A table that is filled on several cores, and whose predecessor is renamed and kept until no view reads it any longer,
    so that the views on it exist and answer at every moment of a build, also of one whose tests fail. dbt's own `table`
    drops the predecessor with cascade, and the views with it. `drop_retired_tables` drops the predecessors when the run
    ends; the views on it, ours and others', read the new table from the same transaction on. -#}
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
    {{- return(relation.incorporate(path={'identifier': relation.identifier ~ '__retired_' ~ moment})) -}}
{% endmacro %}


{% macro drop_retired_tables() %}
    {#- Drops the predecessors that nothing reads. One that a view still reads, because a test kept the view from being
        rebuilt, or that a reader holds, stays for the next run. -#}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- for node in graph.nodes.values()
            if node.package_name == 'claim_reconciliation' and node.config.materialized == 'retained_table' -%}
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
