{% macro claim_ops_pause() %}
create function claim_ops.pause(p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._check_reason(p_reason, 'Each login that is refused');
    -- The table's lock queues before the batches that come; the row's alone would be starved
    -- by their FOR SHARE.
    lock table claim_ops.control in exclusive mode;
    update claim_ops.control
    set
        is_paused = true,
        reason = p_reason,
        changed_by = session_user,
        changed_at = clock_timestamp();
    perform claim_ops._write_event(null, 'paused', jsonb_build_object('reason', p_reason));
end
$function$;
comment on function claim_ops.pause is
'Stops every apply at its next batch; once it returns, none writes.';
{{ claim_reconciliation.guard_hand_over(
    'pause', to=['claim_planner', 'claim_approver', 'claim_applier']
) }}
{% endmacro %}
