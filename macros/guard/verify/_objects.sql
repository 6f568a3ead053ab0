{% macro claim_ops__objects() %}
create function claim_ops._objects()
returns table (name text, digest text)
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    with objects as (
        select
            'function ' || pg_proc.oid::regprocedure::text as name,
            jsonb_build_array(
                pg_proc.prosrc, pg_proc.proowner::regrole, pg_proc.prosecdef, pg_proc.provolatile,
                pg_proc.proconfig,
                array(select acl::text from unnest(pg_proc.proacl) as acl order by 1)
            ) as content
        from pg_catalog.pg_proc
        where pg_proc.pronamespace = 'claim_ops'::regnamespace
        union all
        select
            'trigger ' || pg_trigger.tgname || ' on ' || pg_trigger.tgrelid::regclass::text,
            jsonb_build_array(pg_get_triggerdef(pg_trigger.oid), pg_trigger.tgenabled)
        from pg_catalog.pg_trigger
        join pg_catalog.pg_class on pg_trigger.tgrelid = pg_class.oid
        where pg_class.relnamespace = 'claim_ops'::regnamespace and not pg_trigger.tgisinternal
        union all
        select
            'table ' || pg_class.oid::regclass::text,
            jsonb_build_array(
                pg_class.relowner::regrole,
                case when pg_class.relkind = 'v' then pg_get_viewdef(pg_class.oid) end,
                pg_class.relrowsecurity, pg_class.relhasrules,
                array(select acl::text from unnest(pg_class.relacl) as acl order by 1)
            )
        from pg_catalog.pg_class
        where pg_class.relnamespace = 'claim_ops'::regnamespace
            and pg_class.relkind in ('r', 'v', 'm')
        union all
        select
            'constraint ' || pg_constraint.conname || ' on '
            || pg_constraint.conrelid::regclass::text,
            jsonb_build_array(pg_get_constraintdef(pg_constraint.oid), pg_constraint.convalidated)
        from pg_catalog.pg_constraint
        where pg_constraint.connamespace = 'claim_ops'::regnamespace
            and pg_constraint.contype in ('c', 'f', 'p', 'u')
            and pg_constraint.conrelid <> 0
    )

    select
        objects.name,
        left(encode(sha256(convert_to(objects.content::text, 'UTF8')), 'hex'), 16) as digest
    from objects
$function$;
comment on function claim_ops._objects is
$$Everything that the guard consists of, one row each: functions, triggers, tables, views,
constraints; with a digest over what it does, whose it is and who may use it.$$;
{{ claim_reconciliation.guard_hand_over('_objects') }}
{% endmacro %}
