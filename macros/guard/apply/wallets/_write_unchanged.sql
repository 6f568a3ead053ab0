{% macro claim_ops__write_unchanged() %}
create function claim_ops._write_unchanged(p_batch_id bigint, p_item claim_ops.plan_lines)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    insert into claim_ops.journal (
        batch_id, event, plan_id, line_no, user_id, before, after, reverses, detail
    )
    values (
        p_batch_id, 'applied', p_item.plan_id, p_item.line_no, p_item.user_id, p_item.before,
        p_item.after, (p_item.details ->> 'entry_id')::bigint,
        {{ claim_reconciliation.guard_moved_claims('p_item.details') | indent(8) }}
    )
$function$;
comment on function claim_ops._write_unchanged is
'Journals a line as applied that leaves its wallet as it is, or has deleted it.';
{{ claim_reconciliation.guard_hand_over('_write_unchanged') }}
{% endmacro %}
