{% macro claim_ops__find_plan() %}
create function claim_ops._find_plan(p_plan_id bigint, p_states text[], p_for_update boolean)
returns claim_ops.plans
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan claim_ops.plans;
begin
    if p_for_update then
        -- Two changes of a state at once would both start from the old one.
        select * into v_plan from claim_ops.plans where plan_id = p_plan_id for update;
    else
        -- Else a rollback could close the plan between this look and our lines.
        select * into v_plan from claim_ops.plans where plan_id = p_plan_id for share;
    end if;
    if v_plan.plan_id is null then
        perform claim_ops._refuse(
            'CO001', format('there is no plan %s', p_plan_id), 'Plans are numbered.',
            'claimctl plans'
        );
    end if;
    if not v_plan.state = any(p_states) then
        perform claim_ops._refuse(
            'CO002',
            format('plan %s is %s', p_plan_id, v_plan.state),
            format('This needs a plan that is %s.', array_to_string(p_states, ' or ')),
            case v_plan.state
                when 'planned' then format('claimctl approve %s', p_plan_id)
                when 'approved' then format('claimctl apply %s', p_plan_id)
                when 'applying' then format('Go on with it: claimctl apply %s', p_plan_id)
                when 'applied' then format(
                    'Look, or take it back: claimctl verify %1$s; '
                    'claimctl rollback %1$s --reason WHY',
                    p_plan_id
                )
                else 'Make another plan: claimctl plan --help'
            end
        );
    end if;
    -- By the clock: that nobody has written the expiry down keeps no plan alive.
    if {{ claim_reconciliation.guard_is_past_its_time('v_plan') }} then
        perform claim_ops._refuse(
            'CO007',
            format('plan %s expired at %s', p_plan_id, v_plan.expires_at),
            'The wallets may have changed since then; lines that were applied stay applied.',
            'Make another plan: claimctl plan --help'
        );
    end if;
    return v_plan;
end
$function$;
comment on function claim_ops._find_plan is
$$Locks a plan, for a change of its state or shared for a batch, and refuses one in another state
or past its time.$$;
{{ claim_reconciliation.guard_hand_over('_find_plan') }}
{% endmacro %}
