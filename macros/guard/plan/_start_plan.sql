{% macro claim_ops__start_plan() %}
create function claim_ops._start_plan(p_kind text, p_reason text, p_limits jsonb, p_reverses bigint)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan_id bigint;
begin
    perform claim_ops._check_reason(p_reason, 'The approver');
    -- The oid beside the name: a maker who is renamed would be another login to the approval.
    insert into claim_ops.plans (
        kind, reason, limits, reverses, made_by_oid, expires_at, settings_digest
    )
    select
        p_kind, p_reason, p_limits, p_reverses, pg_roles.oid,
        clock_timestamp() + {{ var('plan_expiry_hours') }} * interval '1 hour',
        (select settings.digest from claim_ops.settings)
    from pg_catalog.pg_roles
    where pg_roles.rolname = session_user
    returning plan_id into v_plan_id;
    return v_plan_id;
end
$function$;
comment on function claim_ops._start_plan is
'Stores a plan''s header; the caller writes its lines and then calls _finish_plan.';
{{ claim_reconciliation.guard_hand_over('_start_plan') }}
{% endmacro %}
