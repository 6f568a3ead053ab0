{% macro claim_ops__apply_missing_wallet() %}
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
    v_verdict jsonb;
begin
    begin
        if not claim_ops._create_wallet(p_item.user_id) then
            v_verdict := to_jsonb('changed'::text);
        else
            select to_jsonb(judged.verdict) into v_verdict
            from claim_ops._judge_lines(p_plan, array[p_item], array[p_item.user_id]) as judged;
            if v_verdict is not null then
                -- Back to the savepoint: a skipped line leaves no empty wallet.
                raise exception using errcode = 'CO900', message = v_verdict #>> '{}';
            end if;
            perform claim_ops._write_lines_at_once(p_batch_id, array[p_item]);
        end if;
    exception when others then
        v_verdict := claim_ops._why_not_written(sqlstate, sqlerrm);
        if v_verdict is null then
            raise;
        end if;
    end;
    perform claim_ops._skip_line(p_item, p_batch_id, p_pass, v_verdict);
end
$function$;
comment on function claim_ops._apply_missing_wallet is
$$Creates one wallet under a savepoint: inserted empty, looked at again in a later statement, completed; where the second look
disagrees nothing of it stays.$$;
{{ claim_reconciliation.guard_hand_over('_apply_missing_wallet') }}
{% endmacro %}
