{% macro claim_ops__write_event() %}
create function claim_ops._write_event(p_plan_id bigint, p_event text, p_detail jsonb)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    insert into claim_ops.journal (batch_id, event, plan_id, detail)
    values (nextval('claim_ops.journal_batch_ids'), p_event, p_plan_id, jsonb_strip_nulls(p_detail))
$function$;
comment on function claim_ops._write_event is
$$Writes one journal entry that concerns no single line, as a batch of its own, which is sealed when
the transaction commits.$$;
{{ claim_reconciliation.guard_hand_over('_write_event') }}
{% endmacro %}
