{% macro claim_ops__write_lines() %}
create function claim_ops._write_lines(p_batch_id bigint, p_items claim_ops.plan_lines[], p_pass integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_item claim_ops.plan_lines;
    v_verdict jsonb;
begin
    if cardinality(p_items) = 0 then
        return;
    end if;
    begin
        perform claim_ops._write_lines_at_once(p_batch_id, p_items);
        return;
    exception when others then
        if claim_ops._why_not_written(sqlstate, sqlerrm) is null then
            raise;
        end if;
    end;
    -- One wallet that cannot be written must not keep the others from their users: each gets a savepoint of its own.
    foreach v_item in array p_items loop
        begin
            perform claim_ops._write_lines_at_once(p_batch_id, array[v_item]);
        exception when others then
            v_verdict := claim_ops._why_not_written(sqlstate, sqlerrm);
            if v_verdict is null then
                raise;
            end if;
            perform claim_ops._skip_line(v_item, p_batch_id, p_pass, v_verdict);
        end;
    end loop;
end
$function$;
comment on function claim_ops._write_lines is
$$Writes the wallets of these lines together; where one of them cannot be written, one by one, and those that cannot are skipped
with the database's sentence.$$;
{{ claim_reconciliation.guard_hand_over('_write_lines') }}
{% endmacro %}
