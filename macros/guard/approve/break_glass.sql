{% macro claim_ops_break_glass() %}
create function claim_ops.break_glass(p_plan_id bigint, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
begin
    perform claim_ops._check_isolation();
    -- Locked: beside an approval nobody could tell which of the two had let it pass.
    v_plan := claim_ops._find_plan(p_plan_id, '{planned}', true);
    -- Else an emergency would be a way to change wallets with one login.
    if not (
        select plan_kinds.may_break_glass from claim_ops.plan_kinds
        where plan_kinds.kind = v_plan.kind
    ) then
        perform claim_ops._refuse(
            'CO003',
            format(
                'plan %s is a %s: no emergency lets it pass without an approval',
                p_plan_id, v_plan.kind
            ),
            'Only a kill switch may be applied first and approved afterwards.',
            format('Ask another login: claimctl approve %s', p_plan_id)
        );
    end if;
    perform claim_ops._check_reason(p_reason, 'The login that approves it afterwards');
    -- No approver looks at it before: lines forged since it was made would be applied unseen.
    perform claim_ops._check_digest(p_plan_id, null);
    update claim_ops.plans
    set
        state = 'applying',
        broke_glass_by = session_user,
        broke_glass_by_oid = (
            select pg_roles.oid from pg_catalog.pg_roles where pg_roles.rolname = session_user
        ),
        broke_glass_at = clock_timestamp(),
        broke_glass_reason = p_reason
    where plan_id = p_plan_id;
    -- Without an entry the columns could be cleared, and the alert with them.
    perform claim_ops._write_event(
        p_plan_id, 'broke_glass', jsonb_build_object('reason', p_reason)
    );
end
$function$;
comment on function claim_ops.break_glass is
$$Opens a kill switch that nobody has approved for its batches. It is listed in
unapproved_break_glass, and a critical alert, until a login that neither made it nor broke the glass
approves it afterwards.$$;
{{ claim_reconciliation.guard_hand_over('break_glass', to=['claim_applier']) }}
{% endmacro %}
