{% macro claim_ops__is_last_entry() %}
create function claim_ops._is_last_entry(p_item claim_ops.plan_lines)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    return (p_item.details ->> 'entry_id')::bigint = (
        select max(journal.entry_id) from claim_ops.journal
        where journal.user_id = p_item.user_id and journal.event = 'applied'
    );
end
$function$;
comment on function claim_ops._is_last_entry is
$$Whether the entry that a line of a rollback reverses is the guard's last one about that user: what
a later plan did would be taken back with it.$$;
{{ claim_reconciliation.guard_hand_over('_is_last_entry') }}
{% endmacro %}
