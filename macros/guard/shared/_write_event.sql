{% macro guard_write_event() %}
create function claim_ops._write_event(p_plan_id bigint, p_event text, p_detail jsonb)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_batch_id constant bigint := nextval('claim_ops.journal_batch_ids');
begin
    insert into claim_ops.journal (batch_id, event, plan_id, detail)
    values (v_batch_id, p_event, p_plan_id, jsonb_strip_nulls(p_detail));
    return claim_ops._seal_journal(v_batch_id);
end
$function$;
comment on function claim_ops._write_event is 'Writes one journal entry that concerns no single line, as a batch of its own; returns the new head.';
{% endmacro %}
