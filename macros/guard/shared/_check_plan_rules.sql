{% macro claim_ops__check_plan_rules() %}
create function claim_ops._check_plan_rules(p_plan claim_ops.plans)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_kind claim_ops.plan_kinds;
begin
    select * into v_kind from claim_ops.plan_kinds where plan_kinds.kind = p_plan.kind;
    if not v_kind.needs_rules then
        return;
    end if;
    -- Its amounts are those of the rules it was made by: written now, they would be wrong again.
    if p_plan.settings_digest is distinct from (select settings.digest from claim_ops.settings) then
        perform claim_ops._refuse(
            'CO008',
            format('plan %s was made under other settings or another catalogue', p_plan.plan_id),
            'The guard has been installed anew since.',
            format('Reject it, then plan again: claimctl reject %s --reason WHY', p_plan.plan_id)
        );
    end if;
    -- What a rollback writes stands in the journal, whatever the rules say by now.
    if p_plan.reverses is null then
        perform claim_ops._check_rules(v_kind.needs_models and not p_plan.limits ? 'proposals');
    end if;
end
$function$;
comment on function claim_ops._check_plan_rules is
$$Refuses a plan made from other rules than the guard's, and where the models moved on without
install_guard; not the kind that an emergency needs, which is shown with a warning.$$;
{{ claim_reconciliation.guard_hand_over('_check_plan_rules') }}
{% endmacro %}
