{% macro claim_ops__check_approver() %}
create function claim_ops._check_approver(p_plan claim_ops.plans)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_oid constant oid := (
        select pg_roles.oid from pg_catalog.pg_roles where pg_roles.rolname = session_user
    );
    v_is_single_operator boolean := false;
begin
    -- session_user, because SET ROLE and security definer leave it; by oid too, because a
    -- login can be renamed.
    if session_user in (p_plan.made_by, p_plan.broke_glass_by)
        or v_oid in (p_plan.made_by_oid, p_plan.broke_glass_by_oid)
    then
        -- Asked now: a plan that kept the mode would stay approvable by its maker after it ended.
        select control.is_single_operator into v_is_single_operator from claim_ops.control;
        if not v_is_single_operator then
            perform claim_ops._refuse(
                'CO003',
                format(
                    '%s %s plan %s and cannot approve it',
                    session_user, case
                        when session_user = p_plan.broke_glass_by then 'broke the glass of'
                        else 'made'
                    end, p_plan.plan_id
                ),
                'Who makes or applies a plan and who approves it are two logins.',
                format('Ask another login: claimctl approve %s', p_plan.plan_id)
            );
        end if;
    end if;
    return v_is_single_operator;
end
$function$;
comment on function claim_ops._check_approver is
$$Refuses a login that made the plan or broke its glass, unless single-operator mode is on; returns
whether it needed that.$$;
{{ claim_reconciliation.guard_hand_over('_check_approver') }}
{% endmacro %}
