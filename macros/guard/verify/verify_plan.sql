{% macro claim_ops_verify_plan() %}
create function claim_ops.verify_plan(p_plan_id bigint)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_plan claim_ops.plans;
    v_result jsonb;
begin
    perform claim_ops._check_isolation();
    v_plan := claim_ops._find_plan(p_plan_id, '{applying,applied,rolled_back,expired}', true);
    -- Wallets that hold what forged lines say would pass for as written.
    perform claim_ops._check_digest(p_plan_id, null);

    select jsonb_build_object(
        'lines', v_plan.lines,
        'applied', count(*),
        'as_written', count(*) filter (where judged.status = 'as written'),
        'changed_since_and_matches_the_ledger',
        count(*) filter (where judged.status = 'changed since and matches the ledger'),
        'in_flight', count(*) filter (where judged.status = 'in flight'),
        'wrong', count(*) filter (where judged.status = 'wrong'),
        'wrong_users', coalesce(
            (array_agg(judged.user_id order by judged.line_no) filter (
                where judged.status = 'wrong'
            ))[1:20], '{}'
        )
    ) into v_result
    from claim_ops._verify_lines(p_plan_id) as judged;

    v_result := v_result || jsonb_build_object('journal_head', (
        select jsonb_build_object('position', head.position, 'hash', head.hash)
        from claim_ops.journal_batches as head
        order by head.position desc
        limit 1
    ));
    update claim_ops.plans
    set verified_at = clock_timestamp(), verification = v_result
    where plan_id = p_plan_id;
    perform claim_ops._write_event(p_plan_id, 'verified', v_result);
    return v_result;
end
$function$;
comment on function claim_ops.verify_plan is
$$Reads every wallet that a plan touched again: as written, changed since and matches the ledger, in
flight, or wrong; only wrong fails. Checks the plan's digests and returns the journal's head, for
keeping outside of the database.$$;
{{ claim_reconciliation.guard_hand_over('verify_plan', to=['claim_applier']) }}
{% endmacro %}
