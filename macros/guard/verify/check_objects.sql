{% macro claim_ops_check_objects() %}
create function claim_ops.check_objects()
returns table (name text, problem text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
    -- By the journal's entry, which the chain holds, not by a table that the same
    -- hand could change.
    with installed as (
        select journal.detail -> 'objects' as objects
        from claim_ops.journal
        where journal.event = 'installed' and journal.plan_id is null and journal.line_no is null
        order by journal.entry_id desc
        limit 1
    )

    select coalesce(present.name, expected.key), case
        when present.name is null then 'is gone'
        when expected.key is null then 'was not installed'
        else 'is not what was installed'
    end
    from (
        select entry.* from installed cross join jsonb_each_text(installed.objects) as entry
    ) as expected
    full join claim_ops._objects() as present on expected.key = present.name
    where present.digest is distinct from expected.value
    order by 1
$function$;
comment on function claim_ops.check_objects is
$$Compares the guard with what was installed: one row a function, trigger, table, view or constraint
that is gone, new or changed.$$;
{{ claim_reconciliation.guard_hand_over('check_objects', to=['claim_reader']) }}
{% endmacro %}
