{% macro claim_ops_plan_rollback() %}
create function claim_ops.plan_rollback(p_plan_id bigint, p_reason text)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
    v_plan_id bigint;
begin
    perform claim_ops._check_isolation();
    select * into v_plan from claim_ops.plans where plan_id = p_plan_id for update;
    if v_plan.state = 'applying' then
        -- The journal has to be whole before it is reversed.
        update claim_ops.plans
        set state = 'expired', finished_at = clock_timestamp()
        where plan_id = p_plan_id;
        perform claim_ops._write_event(
            p_plan_id, 'expired', jsonb_build_object('reason', 'stopped for a rollback')
        );
        -- Stopped after its last line, a rollback leaves what it reverses with no line in force.
        perform claim_ops._follow_lines(p_plan_id);
    end if;
    perform claim_ops._find_plan(p_plan_id, '{applied,expired}', true);
    -- After the lock of the plan: two rollbacks made at once would not see each other.
    perform claim_ops._check_only_rollback(p_plan_id);
    v_plan_id := claim_ops._start_plan('rollback', p_reason, '{}', p_plan_id);
    insert into claim_ops.plan_lines (plan_id, line_no, user_id, before, after, details)
    select
        v_plan_id,
        row_number() over (order by journal.line_no),
        journal.user_id,
        journal.after,
        journal.before,
        jsonb_strip_nulls(jsonb_build_object(
            'entry_id', journal.entry_id,
            'wallet_updated_at', journal.wallet_updated_at,
            'claims', journal.detail -> 'claims_taken_back',
            'claims_taken_back', journal.detail -> 'claims'
        ))
    from claim_ops.journal
    where journal.plan_id = p_plan_id and journal.event = 'applied'
        -- Taken back already: a second time it would take what was given since.
        and not exists (
            select 1 from claim_ops.reversed_entries
            where reversed_entries.entry_id = journal.entry_id
        )
        -- A line is reversed once; what a rollback of its rollback put in force again is reversed
        -- by way of that one.
        and not exists (
            select 1 from claim_ops.journal as reversal where reversal.reverses = journal.entry_id
        );
    perform claim_ops._finish_plan(
        v_plan_id,
        format('plan %s has applied nothing', p_plan_id) || case when exists (
            select 1 from claim_ops.journal
            where journal.plan_id = p_plan_id and journal.event = 'applied'
        ) then ' that is still to be taken back' else '' end,
        case when v_plan.state = 'applying'
            then 'It is still being applied. To stop every apply: claimctl pause --reason WHY'
            else format('claimctl show %s', p_plan_id) end
    );
    return v_plan_id;
end
$function$;
comment on function claim_ops.plan_rollback is
$$Plans the reverse of every applied line of a plan that no rollback has taken yet, from the
journal: the wallets whose last write is that line get their `before` back, its claims go. A
plan that is being applied is stopped; one that has another open rollback is refused. Returns
the new plan's id.$$;
{{ claim_reconciliation.guard_hand_over('plan_rollback', to=['claim_planner']) }}
{% endmacro %}
