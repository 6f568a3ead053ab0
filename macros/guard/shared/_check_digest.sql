{% macro claim_ops__check_digest() %}
create function claim_ops._check_digest(p_plan_id bigint, p_chunks integer[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
-- A plan that was cached while the journal was small reads all of it for each batch.
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_lines constant integer := (
        select plans.lines from claim_ops.plans where plans.plan_id = p_plan_id
    );
    v_forged integer;
    v_problem text;
begin
    -- By the numbers that there must be, not by the rows that there are: a line without a chunk
    -- would pass for right.
    select chunk.no into v_forged
    from unnest(coalesce(
        p_chunks,
        array(select generate_series(0, {{ claim_reconciliation.guard_chunk_of('v_lines') }}))
    )) as chunk (no)
    left join claim_ops.plan_chunks
        on plan_chunks.plan_id = p_plan_id and plan_chunks.chunk_no = chunk.no
    where plan_chunks.digest is distinct from claim_ops._chunk_digest(p_plan_id, chunk.no)
    order by 1
    limit 1;
    if v_forged is not null
        or exists (
            select 1 from claim_ops.plan_lines
            where plan_lines.plan_id = p_plan_id and plan_lines.line_no < 1
        )
        or exists (
            select 1 from claim_ops.plan_lines
            where plan_lines.plan_id = p_plan_id and plan_lines.line_no > v_lines
        )
        or claim_ops._plan_digest(p_plan_id) is distinct from (
            select plans.digest from claim_ops.plans where plans.plan_id = p_plan_id
        )
    then
        perform claim_ops._refuse(
            'CO004',
            format('plan %s differs from what was made: %s', p_plan_id, coalesce(
                format(
                    'lines %s to %s differ from their digest',
                    v_forged * {{ claim_reconciliation.guard_chunk_lines() }} + 1,
                    (v_forged + 1) * {{ claim_reconciliation.guard_chunk_lines() }}
                ),
                'its header, the number of its lines or the list of its chunks differs from its '
                'digest'
            )),
            'Somebody with the owner''s rights changed it.',
            format('claimctl reject %s, and find out who: claimctl doctor', p_plan_id)
        );
    end if;

    -- The column alone would let an owner's update approve a plan.
    select plan_problems.problem into v_problem
    from claim_ops.plan_problems
    where plan_problems.plan_id = p_plan_id
    limit 1;
    if v_problem is not null then
        perform claim_ops._refuse(
            'CO004', v_problem,
            'Somebody with the owner''s rights changed the plan or the journal.',
            'Find out who, and make another plan: claimctl doctor'
        );
    end if;
end
$function$;
comment on function claim_ops._check_digest is
$$Refuses a plan whose chunks (the given ones, or all) or header differ from the digests taken when
it was made, and one of which the journal tells otherwise.$$;
{{ claim_reconciliation.guard_hand_over('_check_digest') }}
{% endmacro %}
