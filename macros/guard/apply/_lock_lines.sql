{% macro claim_ops__lock_lines() %}
create function claim_ops._lock_lines(p_plan_id bigint, p_after_line integer, p_limit integer)
returns integer[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
-- A plan that was cached while the journal was small reads all of it for each line.
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_last constant integer := (
        select plans.lines from claim_ops.plans where plans.plan_id = p_plan_id
    );
    v_to integer;
    v_lines integer[] := '{}';
begin
    while v_lines = '{}' and p_after_line < v_last loop
        -- Of one chunk, so that each chunk's digest is taken once, and by a range of numbers:
        -- a new plan has no statistics, and by anything else all of it would be read and
        -- sorted for each batch.
        v_to := (p_after_line / {{ claim_reconciliation.guard_chunk_lines() }} + 1)
            * {{ claim_reconciliation.guard_chunk_lines() }};
        v_lines := array(
            select plan_lines.line_no
            from claim_ops.plan_lines
            where plan_lines.plan_id = p_plan_id
                and plan_lines.line_no > p_after_line
                and plan_lines.line_no <= v_to
                -- One look into the index a line; as an anti-join it would read the whole
                -- journal for each batch.
                and (
                    select journal.entry_id from claim_ops.journal
                    where journal.plan_id = p_plan_id and journal.line_no = plan_lines.line_no
                    limit 1
                ) is null
            order by plan_lines.line_no
            limit p_limit
            -- Waiting for another applier's lines, the second one would only stand behind the
            -- first.
            for no key update skip locked
        );
        p_after_line := coalesce(v_lines[cardinality(v_lines)], v_to);

        -- Again, after the lock: another applier may have decided a line between our
        -- snapshot and our lock.
        v_lines := array(
            select line.line_no from unnest(v_lines) as line (line_no)
            where (
                select journal.entry_id from claim_ops.journal
                where journal.plan_id = p_plan_id and journal.line_no = line.line_no
                limit 1
            ) is null
            order by line.line_no
        );
    end loop;
    return nullif(v_lines, '{}');
end
$function$;
comment on function claim_ops._lock_lines is
$$Locks the next undecided lines of a plan that no other applier holds, at most p_limit and of one
chunk, and returns them in their order; null where none is left.$$;
{{ claim_reconciliation.guard_hand_over('_lock_lines') }}
{% endmacro %}
