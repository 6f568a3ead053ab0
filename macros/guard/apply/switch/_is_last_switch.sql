{% macro claim_ops__is_last_switch() %}
create function claim_ops._is_last_switch(p_item claim_ops.plan_lines, p_row_version bigint)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    return (with entries as (
        select
            journal.entry_id,
            journal.row_version,
            journal.before || journal.after as skus,
            -- Between two entries of ours nobody else wrote the row.
            (journal.detail ->> 'held_version')::bigint
                = lag(journal.row_version) over (order by journal.entry_id) as follows_ours
        from claim_ops.journal
        where journal.event = 'applied'
            and journal.user_id is null
            and journal.row_version is not null
            and journal.entry_id >= (p_item.details ->> 'entry_id')::bigint
    ),
    later as (
        select * from entries where entries.entry_id > (p_item.details ->> 'entry_id')::bigint
    )
    select
        not exists (
            select 1 from later
            where not later.follows_ours
                or later.skus ?| array(select jsonb_object_keys(p_item.before || p_item.after))
        )
        and p_row_version = (
            select entries.row_version from entries order by entries.entry_id desc limit 1
        )
    );
end
$function$;
comment on function claim_ops._is_last_switch is
$$Whether the entry that a rollback reverses is the last word on its SKUs: no later plan names one
of them, and nobody else has written the row since. p_row_version is the row's version now.$$;
{{ claim_reconciliation.guard_hand_over('_is_last_switch') }}
{% endmacro %}
