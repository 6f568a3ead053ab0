{% macro claim_ops_begin_apply() %}
create function claim_ops.begin_apply(p_plan_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
    v_from timestamptz;
begin
    perform claim_ops._check_isolation();
    -- The pause before the plan, in the order of the batches: the other way round, a pause that
    -- waits for a batch that waits for this plan would be a deadlock.
    perform claim_ops._check_pause(p_plan_id);
    v_plan := claim_ops._find_plan(p_plan_id, '{approved,applying}', true);
    -- What was approved by another catalogue would give what is not sold any more.
    perform claim_ops._check_plan_rules(v_plan);
    -- An approval that the journal does not know opens nothing.
    perform claim_ops._check_digest(p_plan_id, '{}');
    {%- if var('strict') %}
    -- A back-dated claim looks settled by its own time: only our two looks' distance shows it.
    v_from := v_plan.made_at + {{ var('settle_minutes') }} * interval '1 minute';
    if clock_timestamp() < v_from then
        perform claim_ops._refuse(
            'CO007', format('plan %s may be applied from %s on', p_plan_id, v_from),
            'In strict mode the second look comes settle_minutes after the first.',
            format('Then: claimctl apply %s', p_plan_id)
        );
    end if;
    {%- endif %}
    if v_plan.state = 'approved' then
        update claim_ops.plans set state = 'applying' where plan_id = p_plan_id;
        perform claim_ops._write_event(p_plan_id, 'applying', '{}');
    end if;
end
$function$;
comment on function claim_ops.begin_apply is
$$Opens an approved plan for its batches; one that is being applied stays open, so that a
killed apply goes on.$$;
{{ claim_reconciliation.guard_hand_over('begin_apply', to=['claim_applier']) }}
{% endmacro %}
