{% macro guard_approve_plan() %}
create function claim_ops.approve_plan(p_plan_id bigint, p_digest text default null)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
    v_oid constant oid := (select pg_roles.oid from pg_catalog.pg_roles where pg_roles.rolname = session_user);
    v_is_single_operator boolean;
begin
    perform claim_ops._check_isolation();
    v_plan := claim_ops._find_plan(p_plan_id, '{planned}', true);
    -- Statements of their own, after the lock: what is approved is what stands there now.
    perform claim_ops._check_digest(p_plan_id, null);
    if p_digest is not null and not starts_with(v_plan.digest, p_digest) then
        perform claim_ops._refuse(
            'CO004', format('plan %s has the digest %s, not %s', p_plan_id, left(v_plan.digest, 12), p_digest),
            'It is not the plan that was looked at.', format('claimctl show %s', p_plan_id)
        );
    end if;
    perform claim_ops._check_plan_rules(v_plan);

    -- session_user, because SET ROLE and security definer leave it; by oid too, because a login can be renamed.
    if v_plan.made_by_oid = v_oid or v_plan.made_by = session_user then
        select control.is_single_operator into v_is_single_operator from claim_ops.control;
        if not v_is_single_operator then
            perform claim_ops._refuse(
                'CO003', format('%s made plan %s and cannot approve it', session_user, p_plan_id),
                'Maker and approver are two logins.', format('Ask another login: claimctl approve %s', p_plan_id)
            );
        end if;
    end if;
    update claim_ops.plans
    set
        state = 'approved', approved_by = session_user, approved_by_oid = v_oid, approved_at = clock_timestamp(),
        is_single_operator = coalesce(v_is_single_operator, false)
    where plan_id = p_plan_id;
    perform claim_ops._write_event(p_plan_id, 'approved', jsonb_build_object(
        'digest', v_plan.digest, 'single_operator', nullif(coalesce(v_is_single_operator, false), false)
    ));
end
$function$;
comment on function claim_ops.approve_plan is
'Approves a plan as another login than its maker; p_digest, or its beginning, is what the approver was shown.';
{% endmacro %}
