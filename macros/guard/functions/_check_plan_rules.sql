{% macro guard_check_plan_rules() %}
create function claim_ops._check_plan_rules(p_plan claim_ops.plans)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_plan.settings_digest is distinct from (select settings.digest from claim_ops.settings) then
        perform claim_ops._refuse(
            'CO008',
            format('plan %s was made under other settings or another catalogue', p_plan.plan_id),
            'The guard has been installed anew since.',
            format('claimctl reject %s, then plan again', p_plan.plan_id)
        );
    end if;
    if (select plan_kinds.needs_models from claim_ops.plan_kinds where plan_kinds.kind = p_plan.kind) then
        perform claim_ops._check_rules();
    end if;
end
$function$;
comment on function claim_ops._check_plan_rules is
'Refuses a plan made from other rules than the guard''s, and where the models moved on without install_guard.';
{% endmacro %}
