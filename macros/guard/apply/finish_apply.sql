{% macro claim_ops_finish_apply() %}
create function claim_ops.finish_apply(p_plan_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_plan claim_ops.plans;
    v_outcome jsonb;
begin
    perform claim_ops._check_isolation();
    -- Of several appliers the last one finds the plan applied, and so does one
    -- whose answer was lost.
    v_plan := claim_ops._find_plan(p_plan_id, '{applying,applied}', true);
    select jsonb_build_object(
        'lines', v_plan.lines,
        'applied', count(*) filter (where journal.event = 'applied'),
        'skipped', count(*) filter (where journal.event = 'skipped'),
        'pending', v_plan.lines - count(*),
        'reasons', coalesce((
            select jsonb_object_agg(reasons.reason, reasons.lines)
            from (
                select skips.detail ->> 'reason' as reason, count(*) as lines
                from claim_ops.journal as skips
                where skips.plan_id = p_plan_id
                    and skips.event = 'skipped'
                    and skips.line_no is not null
                group by 1
            ) as reasons
        ), '{}'),
        'sentences', coalesce((
            select jsonb_object_agg(said.reason, said.sentence)
            from (
                select
                    skips.detail ->> 'reason' as reason,
                    min(skips.detail ->> 'sentence') as sentence
                from claim_ops.journal as skips
                where skips.plan_id = p_plan_id
                    and skips.event = 'skipped'
                    and skips.detail ? 'sentence'
                group by 1
            ) as said
        ), '{}')
    ) into v_outcome
    from claim_ops.journal
    where journal.plan_id = p_plan_id and journal.line_no is not null;

    -- Closed with a line pending, the plan could not be gone on with, and that user stays wrong.
    if v_plan.state = 'applying' and v_outcome ->> 'pending' = '0' then
        update claim_ops.plans
        set state = 'applied', finished_at = clock_timestamp()
        where plan_id = p_plan_id;
        perform claim_ops._write_event(p_plan_id, 'finished', v_outcome);
        perform claim_ops._follow_lines(p_plan_id);
    end if;
    return v_outcome;
end
$function$;
comment on function claim_ops.finish_apply is
$$Closes a plan all of whose lines are decided; the plan that a rollback reverses is rolled back
when all its applied lines are. Returns the numbers of lines applied, skipped and pending, the
reasons, and of each reason a sentence of the database.$$;
{{ claim_reconciliation.guard_hand_over('finish_apply', to=['claim_applier']) }}
{% endmacro %}
