{% macro claim_ops__check_only_rollback() %}
create function claim_ops._check_only_rollback(p_plan_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_other claim_ops.plans;
begin
    -- One that is past its time holds nobody up.
    with expired as (
        update claim_ops.plans set state = 'expired', finished_at = clock_timestamp()
        where reverses = p_plan_id
            and state <> 'applying'
            and {{ claim_reconciliation.guard_is_past_its_time('plans') }}
        returning plans.plan_id
    )
    select count(claim_ops._write_event(expired.plan_id, 'expired', '{"reason": "past its time"}'))
    from expired
    into v_other.lines;
    select * into v_other from claim_ops.plans
    where reverses = p_plan_id and {{ claim_reconciliation.guard_is_open('plans') }}
    limit 1;
    if v_other.plan_id is not null then
        perform claim_ops._refuse(
            'CO002',
            format(
                'plan %s has a rollback already: plan %s is %s',
                p_plan_id, v_other.plan_id, v_other.state
            ),
            'Two rollbacks would take the same lines back twice.',
            case v_other.state when 'applying' then format('claimctl apply %s', v_other.plan_id)
                else format('claimctl reject %s', v_other.plan_id) end
        );
    end if;
end
$function$;
comment on function claim_ops._check_only_rollback is
'Refuses a second rollback of a plan while another one is open; the caller has locked the plan.';
{{ claim_reconciliation.guard_hand_over('_check_only_rollback') }}
{% endmacro %}
