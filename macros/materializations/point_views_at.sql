{% macro point_views_at(target, predecessor) %}
    {#- A statement that lets every view on the predecessor, ours and theirs, read the table that took its place, in the
        transaction that exchanged them. A view that the login does not own, or whose columns no longer fit, is left. -#}
do $views$
declare
    v_path constant text := current_setting('search_path');
    v_old constant text := format('%I.%I', '{{ predecessor.schema }}', '{{ predecessor.identifier }}');
    v_new constant text := format('%I.%I', '{{ target.schema }}', '{{ target.identifier }}');
    v_view record;
begin
    -- Without it, names of schemas in the path are left out, and the old one is not found.
    perform set_config('search_path', '', true);
    for v_view in
        select distinct
            format('%I.%I', pg_namespace.nspname, pg_class.relname) as name,
            pg_get_viewdef(pg_class.oid) as definition,
            ' with (' || array_to_string(pg_class.reloptions, ', ') || ')' as options
        from pg_catalog.pg_depend
        inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
        inner join pg_catalog.pg_class on pg_rewrite.ev_class = pg_class.oid
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
            and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
            and pg_depend.refobjid = v_old::regclass
            and pg_class.relkind = 'v'
    loop
        begin
            execute format(
                'create or replace view %s%s as %s',
                v_view.name, v_view.options,
                -- Its columns bear the name too, which is nobody else's.
                replace(v_view.definition, quote_ident('{{ predecessor.identifier }}'), quote_ident('{{ target.identifier }}'))
            );
        exception when insufficient_privilege or invalid_table_definition or undefined_column then
            raise warning 'the view % still reads what % held before: %', v_view.name, v_new, sqlerrm;
        end;
    end loop;
    perform set_config('search_path', v_path, true);
end
$views$
{% endmacro %}
