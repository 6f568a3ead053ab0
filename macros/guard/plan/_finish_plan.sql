{% macro claim_ops__finish_plan() %}
create function claim_ops._finish_plan(
    p_plan_id bigint,
    p_nothing text default 'no line is wrong and quiet in the way that was asked for',
    p_hint text default 'Users in flight come later; what is in excess is taken with '
    '--include-excess ITEM',
    p_found jsonb default '{}'
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_lines constant integer := (
        select count(*) from claim_ops.plan_lines where plan_id = p_plan_id
    );
    v_plan claim_ops.plans;
begin
    -- An empty plan would be approved and applied, and read like a repair.
    if v_lines = 0 then
        perform claim_ops._refuse(
            'CO014', 'nothing to plan: ' || p_nothing, 'Nothing was written.', p_hint
        );
    end if;
    update claim_ops.plans
    set
        lines = v_lines,
        breakers = case
            when plan_kinds.breakers <> '{}' then claim_ops._check_breakers(p_plan_id, p_found)
            else plans.breakers
        end
    from claim_ops.plan_kinds
    where plans.plan_id = p_plan_id and plans.kind = plan_kinds.kind;

    insert into claim_ops.plan_chunks (plan_id, chunk_no, digest)
    select p_plan_id, chunk.no, claim_ops._chunk_digest(p_plan_id, chunk.no)
    from generate_series(0, {{ claim_reconciliation.guard_chunk_of('v_lines') }}) as chunk (no);
    -- Last: what is written after the digest would not be in it.
    update claim_ops.plans set digest = claim_ops._plan_digest(p_plan_id) where plan_id = p_plan_id
    returning * into v_plan;
    perform claim_ops._write_event(p_plan_id, 'planned', jsonb_build_object(
        'kind', v_plan.kind, 'reason', v_plan.reason, 'lines', v_lines, 'limits', v_plan.limits,
        'breakers', v_plan.breakers, 'digest', v_plan.digest
    ));
end
$function$;
comment on function claim_ops._finish_plan is
$$Counts a plan's lines, asks the breakers, which p_found tells more than the lines do, and seals
lines and header with their digests; refuses a plan without lines.$$;
{{ claim_reconciliation.guard_hand_over('_finish_plan') }}
{% endmacro %}
