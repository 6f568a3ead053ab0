{% macro claim_ops_reject_plan() %}
create function claim_ops.reject_plan(p_plan_id bigint, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan claim_ops.plans;
begin
    perform claim_ops._check_reason(p_reason, 'The maker');
    -- Not one that is being applied: what it wrote would hang on a plan that says it never was.
    v_plan := claim_ops._find_plan(p_plan_id, '{planned,approved}', true);
    update claim_ops.plans
    set state = 'rejected', finished_at = clock_timestamp()
    where plan_id = p_plan_id;
    perform claim_ops._write_event(
        p_plan_id, 'rejected', jsonb_build_object('reason', p_reason, 'was', v_plan.state)
    );
end
$function$;
comment on function claim_ops.reject_plan is
'Ends a plan that nobody has begun to apply; its maker may do so too.';
{{ claim_reconciliation.guard_hand_over('reject_plan', to=['claim_approver', 'claim_planner']) }}
{% endmacro %}
