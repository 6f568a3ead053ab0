{% macro point_views_at(schema, table, predecessors) %}
    {#- A statement that lets every view on a predecessor, ours and theirs, read the table that took
        its place. A view that the login does not own, or whose columns no longer fit, is left; so
        is one that a reader holds for seconds. `predecessors` is a condition on their names,
        old.relname. -#}
do $views$
declare
    v_path constant text := current_setting('search_path');
    v_view record;
begin
    -- Without it, names of schemas in the path are left out, and the old one is not found.
    perform set_config('search_path', '', true);
    set local lock_timeout = '800ms';
    for v_view in
        select distinct
            format('%I.%I', pg_namespace.nspname, pg_class.relname) as name,
            pg_get_viewdef(pg_class.oid) as definition,
            ' with (' || array_to_string(pg_class.reloptions, ', ') || ')' as options,
            old.relname as predecessor
        from pg_catalog.pg_class as old
        inner join pg_catalog.pg_depend on old.oid = pg_depend.refobjid
        inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
        inner join pg_catalog.pg_class on pg_rewrite.ev_class = pg_class.oid
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where
            old.relnamespace::regnamespace::text = quote_ident('{{ schema }}')
            and {{ predecessors }}
            and pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
            and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
            and pg_class.relkind = 'v'
    loop
        begin
            execute format(
                'create or replace view %s%s as %s',
                v_view.name, v_view.options,
                -- Its columns bear the name too, which is nobody else's.
                replace(
                    v_view.definition, quote_ident(v_view.predecessor), quote_ident('{{ table }}')
                )
            );
        exception when
            insufficient_privilege
            or invalid_table_definition
            or undefined_column
            or lock_not_available
        then
            raise warning 'the view % still reads what {{ table }} held before: %',
                v_view.name, sqlerrm;
        end;
    end loop;
    perform set_config('search_path', v_path, true);
    set local lock_timeout to default;
end
$views$;
{% endmacro %}


{% macro lock_views_of(table) %}
    {#- A statement that locks a table and the views on it that point_views_at will replace. A
        reader of a view locks it before the table: a rename of the table first would wait for the
        view, and one of the two die of a deadlock. So nothing is waited for longer than a deadlock
        is looked for, and all is given back before the next try. -#}
do $locks$
declare
    v_timeout constant text := current_setting('lock_timeout');
    v_view record;
begin
    for v_try in 1..200 loop
        begin
            perform set_config('lock_timeout', '200ms', true);
            for v_view in
                select distinct pg_class.oid::regclass as name, pg_class.relowner::regrole as owner
                from pg_catalog.pg_depend
                inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
                inner join pg_catalog.pg_class on pg_rewrite.ev_class = pg_class.oid
                where pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
                    and pg_depend.refobjid = '{{ table.include(database=false) }}'::regclass
                    and pg_class.relkind = 'v'
                    and pg_has_role(pg_class.relowner, 'usage')
            loop
                -- Changes nothing, and locks the view alone:
                -- `lock table` would lock all that it reads.
                execute format('alter view %s owner to %s', v_view.name, v_view.owner);
            end loop;
            lock table {{ table.include(database=false) }} in access exclusive mode;
            perform set_config('lock_timeout', v_timeout, true);
            return;
        exception when lock_not_available then
            perform pg_sleep(0.02);
        end;
    end loop;
end
$locks$
{% endmacro %}
