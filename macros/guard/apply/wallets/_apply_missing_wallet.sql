{% macro guard_apply_missing_wallet() %}
create function claim_ops._apply_missing_wallet(
    p_plan claim_ops.plans, p_item claim_ops.plan_lines, p_batch_id bigint, p_pass integer
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_verdict text;
begin
    begin
        if not claim_ops._create_wallet(p_item.user_id) then
            v_verdict := 'changed';
        else
            select judged.verdict into v_verdict
            from claim_ops._judge_lines(p_plan, array[p_item], array[p_item.user_id]) as judged;
            if v_verdict is not null then
                -- Back to the savepoint: a skipped line leaves no empty wallet.
                raise exception using errcode = 'CO900', message = v_verdict;
            end if;
            perform claim_ops._write_lines(p_batch_id, array[p_item]);
        end if;
    exception
        when lock_not_available then
            v_verdict := 'busy';
        when foreign_key_violation then
            v_verdict := 'no_such_user';
        when sqlstate 'CO900' then
            v_verdict := sqlerrm;
    end;
    if v_verdict <> 'busy' or p_pass >= 10 and v_verdict is not null then
        perform claim_ops._skip_lines(
            p_plan.plan_id, p_batch_id, jsonb_build_object(p_item.line_no::text, v_verdict)
        );
    end if;
end
$function$;
comment on function claim_ops._apply_missing_wallet is
$$Creates one wallet under a savepoint: inserted empty, looked at again in a later statement, completed; where the second look
disagrees nothing of it stays.$$;
{% endmacro %}
