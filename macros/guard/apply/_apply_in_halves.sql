{% macro claim_ops__apply_in_halves() %}
create function claim_ops._apply_in_halves(
    p_write text, p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint,
    p_pass integer, p_deadline timestamptz
)
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_items claim_ops.plan_lines[] := p_items;
    v_half integer;
    v_last integer;
    v_verdict jsonb;
begin
    while cardinality(v_items) > 0 loop
        v_half := null;
        begin
            -- Many lines wait for nobody for long: one of them that does would use
            -- up the time of all.
            execute format('select claim_ops.%I($1, $2, $3, $4)', p_write)
            using p_plan, v_items, p_batch_id, case
                when cardinality(v_items) > 1
                    then least(p_deadline, clock_timestamp() + interval '25 milliseconds')
                else p_deadline
            end;
            exit;
        exception
            when sqlstate 'CO901' then
                v_verdict := sqlerrm::jsonb;
            when others then
                v_verdict := claim_ops._why_not_written(sqlstate, sqlerrm);
                -- Trouble of the server or a missing right: line by line, it would skip the whole
                -- plan.
                if v_verdict is null then
                    raise;
                end if;
                v_half := cardinality(v_items) / 2;
        end;
        if v_half > 0 then
            -- Which of them it was is not known. One line that cannot be written must not keep the
            -- others from their users.
            v_last := claim_ops._apply_in_halves(
                p_write, p_plan, v_items[:v_half], p_batch_id, p_pass, p_deadline
            );
            -- Waited for anew by the second half, our locks would outlast the others'
            -- deadlock_timeout.
            if v_last < v_items[v_half].line_no or clock_timestamp() >= p_deadline then
                return v_last;
            end if;
            return claim_ops._apply_in_halves(
                p_write, p_plan, v_items[v_half + 1:], p_batch_id, p_pass, p_deadline
            );
        elsif v_half = 0 then
            v_verdict := jsonb_build_object(v_items[1].line_no::text, v_verdict);
        end if;
        perform claim_ops._skip_lines(p_plan.plan_id, p_batch_id, p_pass, v_verdict);
        v_items := array(
            select item from unnest(v_items) as item where not v_verdict ? item.line_no::text
        );
    end loop;
    return p_items[cardinality(p_items)].line_no;
end
$function$;
comment on function claim_ops._apply_in_halves is
$$Writes lines by a function (plan, lines, batch, until when it may wait) under one savepoint. Lines
that it names with their verdicts (CO901) are skipped and the others tried again; after any other
error each half has a savepoint of its own, down to the one line, which is skipped. Returns the last
line that it has looked at: beyond the deadline the rest is left to the next batch.$$;
{{ claim_reconciliation.guard_hand_over('_apply_in_halves') }}
{% endmacro %}
