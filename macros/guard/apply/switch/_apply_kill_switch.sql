{% macro claim_ops__apply_kill_switch() %}
create function claim_ops._apply_kill_switch(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_pass integer
)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
-- We hold no other row: the holder of this one cannot be waiting for us.
set lock_timeout = '5s'
as $function$
declare
    v_item constant claim_ops.plan_lines := p_items[1];
    v_held bigint;
    v_verdict text;
begin
    begin
        -- First the lock: between a look at who wrote last and the write somebody else could write.
        v_held := claim_ops._lock_switch();
        -- A switch that somebody turned since is his word, also where it says again what ours said.
        if v_item.details ? 'entry_id' and not claim_ops._is_last_switch(v_item, v_held) then
            v_verdict := 'changed';
        else
            v_verdict := claim_ops._write_switch(v_item.before, v_item.after);
        end if;
    exception when lock_not_available then
        -- Pending, no error: in an emergency the next pass tries it at once.
        v_verdict := 'busy';
    end;
    if v_verdict = 'not_written' then
        perform claim_ops._refuse_unwritten(
            'the switch', '{{ claim_reconciliation.guard_relation('store_config') }}',
            p_plan.plan_id
        );
    elsif v_verdict is null then
        insert into claim_ops.journal (
            batch_id, event, plan_id, line_no, before, after, row_version, reverses, detail
        )
        values (
            p_batch_id, 'applied', p_plan.plan_id, v_item.line_no, v_item.before, v_item.after,
            claim_ops._lock_switch(), (v_item.details ->> 'entry_id')::bigint,
            jsonb_build_object('held_version', v_held)
        );
    else
        perform claim_ops._skip_line(v_item, p_batch_id, p_pass, to_jsonb(v_verdict));
    end if;
    return v_item.line_no;
end
$function$;
comment on function claim_ops._apply_kill_switch is
$$Applies the one line of a kill switch, or of its rollback: waits for the switch's row, writes
where it still says `before`, and journals.$$;
{{ claim_reconciliation.guard_hand_over('_apply_kill_switch') }}
{% endmacro %}
