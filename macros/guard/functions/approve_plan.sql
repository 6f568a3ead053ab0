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
    v_plan := claim_ops._find_plan(p_plan_id, case
        when exists (select 1 from claim_ops.unapproved_break_glass where unapproved_break_glass.plan_id = p_plan_id)
            then '{applying,applied,expired,rolled_back}'
        else '{planned}'
    end::text[], true);
    -- Statements of their own, after the lock: what is approved is what stands there now.
    perform claim_ops._check_digest(p_plan_id, null);
    if v_plan.approved_by is not null then
        perform claim_ops._refuse(
            'CO002', format('plan %s has been approved by %s', p_plan_id, v_plan.approved_by),
            'It broke the glass, and somebody was quicker.', format('claimctl show %s', p_plan_id)
        );
    end if;
    if p_digest is not null and not starts_with(v_plan.digest, p_digest) then
        perform claim_ops._refuse(
            'CO004', format('plan %s has the digest %s, not %s', p_plan_id, left(v_plan.digest, 12), p_digest),
            'It is not the plan that was looked at.', format('claimctl show %s', p_plan_id)
        );
    end if;
    perform claim_ops._check_plan_rules(v_plan);

    -- session_user, because SET ROLE and security definer leave it; by oid too, because a login can be renamed.
    if session_user in (v_plan.made_by, v_plan.broke_glass_by) or v_oid in (v_plan.made_by_oid, v_plan.broke_glass_by_oid) then
        select control.is_single_operator into v_is_single_operator from claim_ops.control;
        if not v_is_single_operator then
            perform claim_ops._refuse(
                'CO003',
                format('%s %s plan %s and cannot approve it', session_user,
                    case when session_user = v_plan.broke_glass_by then 'broke the glass of' else 'made' end, p_plan_id),
                'Who makes or applies a plan and who approves it are two logins.', format('Ask another login: claimctl approve %s', p_plan_id)
            );
        end if;
    end if;
    update claim_ops.plans
    set
        state = case when state = 'planned' then 'approved' else state end,
        approved_by = session_user, approved_by_oid = v_oid, approved_at = clock_timestamp(),
        is_single_operator = coalesce(v_is_single_operator, false)
    where plan_id = p_plan_id;
    perform claim_ops._write_event(p_plan_id, 'approved', jsonb_build_object(
        'digest', v_plan.digest, 'single_operator', nullif(coalesce(v_is_single_operator, false), false)
    ));
end
$function$;
comment on function claim_ops.approve_plan is
$$Approves a plan as another login than its maker, or afterwards one that broke the glass; p_digest, or its beginning, is what
the approver was shown.$$;
{% endmacro %}
