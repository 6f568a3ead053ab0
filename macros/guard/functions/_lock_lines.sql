{% macro guard_lock_lines() %}
create function claim_ops._lock_lines(p_plan_id bigint, p_after_line integer, p_limit integer)
returns integer[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_lines integer[];
begin
    loop
        select array_agg(line.line_no) into v_lines
        from (
            select plan_items.line_no
            from claim_ops.plan_items
            where plan_items.plan_id = p_plan_id
                and plan_items.line_no > p_after_line
                -- One look into the index a line; as an anti-join it would read the whole journal for each batch.
                and (
                    select journal.entry_id from claim_ops.journal
                    where journal.plan_id = p_plan_id and journal.line_no = plan_items.line_no
                    limit 1
                ) is null
            order by plan_items.line_no
            limit p_limit
            for no key update skip locked
        ) as line;
        exit when v_lines is null;

        -- Again, after the lock: another applier may have decided a line between our snapshot and our lock.
        p_after_line := v_lines[cardinality(v_lines)];
        v_lines := array(
            select line.line_no from unnest(v_lines) as line (line_no)
            where (
                select journal.entry_id from claim_ops.journal
                where journal.plan_id = p_plan_id and journal.line_no = line.line_no
                limit 1
            ) is null
            order by line.line_no
        );
        exit when v_lines <> '{}';
    end loop;
    return v_lines;
end
$function$;
comment on function claim_ops._lock_lines is
$$Locks the next undecided lines of a plan that no other applier holds, at most p_limit, and returns them in their order; null
where none is left.$$;
{% endmacro %}
