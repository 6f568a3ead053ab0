{% macro claim_ops__check_pause() %}
create function claim_ops._check_pause(p_plan_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_control claim_ops.control;
begin
    if not exists (
        select 1 from claim_ops.plans
        join claim_ops.plan_kinds on plans.kind = plan_kinds.kind
        where plans.plan_id = p_plan_id and plan_kinds.obeys_pause
    ) then
        return;
    end if;
    -- Held until the commit: else `pause` would return while this batch still writes.
    select * into v_control from claim_ops.control for share;
    if v_control.is_paused then
        perform claim_ops._refuse(
            'CO006',
            format('applies are paused by %s since %s', v_control.changed_by, v_control.changed_at),
            coalesce(v_control.reason, 'No reason was given.'),
            'When it is over: claimctl resume'
        );
    end if;
end
$function$;
comment on function claim_ops._check_pause is
$$Refuses a plan whose kind obeys the pause while applies are paused; the shared lock makes a pause
wait for the batches under way.$$;
{{ claim_reconciliation.guard_hand_over('_check_pause') }}
{% endmacro %}
