{% macro claim_ops__skip_line() %}
create function claim_ops._skip_line(
    p_item claim_ops.plan_lines, p_batch_id bigint, p_pass integer, p_verdict jsonb
)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    select claim_ops._skip_lines(
        p_item.plan_id, p_batch_id, p_pass, jsonb_build_object(p_item.line_no::text, p_verdict)
    )
    where p_verdict is not null
$function$;
comment on function claim_ops._skip_line is
'Journals a line as skipped, by _skip_lines. Without a verdict nothing happens.';
{{ claim_reconciliation.guard_hand_over('_skip_line') }}
{% endmacro %}
