{% macro claim_ops_resume() %}
create function claim_ops.resume(p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._check_reason(p_reason, 'An auditor of the journal');
    update claim_ops.control
    set
        is_paused = false,
        reason = p_reason,
        changed_by = session_user,
        changed_at = clock_timestamp();
    perform claim_ops._write_event(null, 'resumed', jsonb_build_object('reason', p_reason));
end
$function$;
comment on function claim_ops.resume is 'Ends the pause; applies go on when they are called again.';
{{ claim_reconciliation.guard_hand_over('resume', to=['claim_approver', 'claim_applier']) }}
{% endmacro %}
