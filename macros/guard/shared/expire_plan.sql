{% macro claim_ops_expire_plan() %}
create function claim_ops.expire_plan(p_plan_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- In the update's condition: a plan that is closed in time meanwhile stays what it is.
    update claim_ops.plans
    set state = 'expired', finished_at = clock_timestamp()
    where plan_id = p_plan_id and {{ claim_reconciliation.guard_is_past_its_time('plans') }};
    if found then
        perform claim_ops._write_event(p_plan_id, 'expired', '{}');
        -- A rollback may have taken back every line and not been closed: what it reverses would
        -- stay applied, with no line in force. One that wrote nothing must not lock it: whoever
        -- plans another rollback holds that lock, and waits for ours.
        if exists (
            select 1 from claim_ops.journal
            where journal.plan_id = p_plan_id and journal.event = 'applied'
        ) then
            perform claim_ops._follow_lines(p_plan_id);
        end if;
    end if;
    return found;
end
$function$;
comment on function claim_ops.expire_plan is
'Writes down that a plan''s time is over; false where it is not. Refusals do not wait for it.';
{{ claim_reconciliation.guard_hand_over(
    'expire_plan', to=['claim_approver', 'claim_planner', 'claim_applier']
) }}
{% endmacro %}
