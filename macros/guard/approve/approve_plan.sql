{% macro claim_ops_approve_plan() %}
create function claim_ops.approve_plan(
    p_plan_id bigint, p_digest text default null, p_note text default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
    v_is_single_operator boolean;
begin
    -- At a snapshot older than the lock, the digest would be of lines that stood there before.
    perform claim_ops._check_isolation();
    -- Locked: of two approvals at once both would pass, and the second name would hide the first.
    v_plan := claim_ops._find_plan(p_plan_id, case
        when exists (
            select 1 from claim_ops.unapproved_break_glass
            where unapproved_break_glass.plan_id = p_plan_id
        ) then '{applying,applied,expired,rolled_back}'
        else '{planned}'
    end::text[], true);
    -- Statements of their own, after the lock: what is approved is what stands there now.
    perform claim_ops._check_digest(p_plan_id, null);
    -- A plan that broke the glass keeps its state, which thus refuses no second approval.
    if v_plan.approved_by is not null then
        perform claim_ops._refuse(
            'CO002', format('plan %s has been approved by %s', p_plan_id, v_plan.approved_by),
            'Another login was quicker.', format('claimctl show %s', p_plan_id)
        );
    end if;
    -- By its number alone another plan than the one on the approver's screen could be approved.
    if p_digest is not null and not starts_with(v_plan.digest, p_digest) then
        perform claim_ops._refuse(
            'CO004',
            format(
                'plan %s has the digest %s, not %s', p_plan_id, left(v_plan.digest, 12), p_digest
            ),
            'The plan has changed since you looked at it.', format('claimctl show %s', p_plan_id)
        );
    end if;
    -- Its lines say what the SKUs gave when it was made; the catalogue may say something else now.
    perform claim_ops._check_plan_rules(v_plan);

    v_is_single_operator := claim_ops._check_approver(v_plan);
    update claim_ops.plans
    set
        state = case when state = 'planned' then 'approved' else state end,
        approved_by = session_user,
        approved_by_oid = (
            select pg_roles.oid from pg_catalog.pg_roles where pg_roles.rolname = session_user
        ),
        approved_at = clock_timestamp(),
        is_single_operator = v_is_single_operator
    where plan_id = p_plan_id;
    -- The owner can write the columns; only what the journal has too opens a plan for its batches.
    perform claim_ops._write_event(p_plan_id, 'approved', jsonb_build_object(
        'digest', v_plan.digest, 'single_operator', nullif(v_is_single_operator, false),
        'note', p_note
    ));
end
$function$;
comment on function claim_ops.approve_plan is
$$Approves a plan as another login than its maker, or afterwards one that broke the glass; p_digest,
or its beginning, is what the approver was shown. p_note is kept in the journal.$$;
{{ claim_reconciliation.guard_hand_over('approve_plan', to=['claim_approver']) }}
{% endmacro %}
