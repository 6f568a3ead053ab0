{% macro claim_ops__follow_lines() %}
create function claim_ops._follow_lines(p_plan_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan claim_ops.plans;
    v_in_force integer;
    v_taken_back integer;
    v_decided integer;
    v_state text;
    v_reverses bigint := (
        select plans.reverses from claim_ops.plans where plans.plan_id = p_plan_id
    );
begin
    -- A rollback of a rollback puts the first plan in force again: the whole way down
    -- says what stands now.
    while v_reverses is not null loop
        -- Locked: of two rollbacks that end at once each would take the other's lines for in force.
        select * into v_plan from claim_ops.plans where plans.plan_id = v_reverses for update;
        select
            count(*) filter (
                where journal.event = 'applied' and reversed_entries.entry_id is null
            ),
            count(reversed_entries.entry_id),
            count(*)
        into v_in_force, v_taken_back, v_decided
        from claim_ops.journal
        left join claim_ops.reversed_entries on journal.entry_id = reversed_entries.entry_id
        where journal.plan_id = v_plan.plan_id and journal.line_no is not null;
        v_state := case
            when v_in_force = 0 and v_taken_back > 0 then 'rolled_back'
            when v_plan.state <> 'rolled_back' then v_plan.state
            -- Stopped before its last line, it would count as one that has decided all of them.
            when v_decided < v_plan.lines then 'expired'
            else 'applied'
        end;
        if v_state <> v_plan.state then
            update claim_ops.plans set state = v_state where plans.plan_id = v_plan.plan_id;
            perform claim_ops._write_event(
                v_plan.plan_id,
                case v_state when 'rolled_back' then v_state else 'in_force_again' end,
                jsonb_build_object('by', p_plan_id, 'state', v_state)
            );
        end if;
        v_reverses := v_plan.reverses;
    end loop;
end
$function$;
comment on function claim_ops._follow_lines is
$$Lets the plan that a rollback reverses, and the plans that this one reversed in its turn,
follow their lines: rolled back when all applied lines are taken back; applied when one is
in force again, or expired if it was stopped before its last line.$$;
{{ claim_reconciliation.guard_hand_over('_follow_lines') }}
{% endmacro %}
