{#- A table whose predecessor is renamed and kept until no view reads it any longer, so that the views on it exist and
    answer at every moment of a build, also of one whose tests fail. dbt's own `table` drops the predecessor with
    cascade, and the views with it. `drop_retired_tables` drops the predecessors when the run ends. -#}
{% materialization retained_table, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set intermediate = make_intermediate_relation(target) -%}

    {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ get_create_table_as_sql(False, intermediate, sql) }}
    {%- endcall %}
    {% do create_indexes(intermediate) %}

    {% if existing is not none %}
        {{ adapter.rename_relation(existing, claim_reconciliation._retired_relation(existing)) }}
    {% endif %}
    {{ adapter.rename_relation(intermediate, target) }}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) %}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
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
