{% macro claim_ops_apply_batch() %}
create function claim_ops.apply_batch(
    p_plan_id bigint, p_after_line integer, p_limit integer, p_pass integer
)
returns table (last_line integer, applied integer, skipped integer, pending integer)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
as $function$
declare
    v_plan claim_ops.plans;
    v_kind claim_ops.plan_kinds;
    v_lines integer[];
    v_items claim_ops.plan_lines[];
    v_batch_id bigint;
    v_lock_timeout constant text := current_setting('lock_timeout');
begin
    -- With one snapshot for all statements the second look would show the ledger before the lock.
    perform claim_ops._check_isolation();
    -- In each batch: asked once, a pause would stop nothing that is under way.
    perform claim_ops._check_pause(p_plan_id);
    -- An applied plan has no line left: another applier was quicker.
    v_plan := claim_ops._find_plan(p_plan_id, '{applying,applied}', false);
    select * into v_kind from claim_ops.plan_kinds where plan_kinds.kind = v_plan.kind;
    -- An installation between two batches may have changed what a SKU gives.
    if v_plan.settings_digest is distinct from (select settings.digest from claim_ops.settings) then
        perform claim_ops._check_plan_rules(v_plan);
    end if;

    v_lines := claim_ops._lock_lines(p_plan_id, p_after_line, p_limit);
    if v_lines is null then
        return;
    end if;
    -- After the lock: lines that the owner edited since the approval would be written.
    perform claim_ops._check_digest(
        p_plan_id, array[{{ claim_reconciliation.guard_chunk_of('v_lines[1]') }}]
    );
    -- Read once, by the range of their numbers: a new plan has no statistics, and every look
    -- would read all of it.
    select array_agg(plan_lines order by plan_lines.line_no) into v_items
    from claim_ops.plan_lines
    where plan_lines.plan_id = p_plan_id
        and plan_lines.line_no between v_lines[1] and v_lines[cardinality(v_lines)]
        -- No condition of the index, which would be searched once a number.
        and plan_lines.line_no + 0 = any(v_lines);

    perform set_config('claim_ops.waiting_ends_at', claim_ops._waiting_ends_at()::text, true);
    -- Below the server's deadlock_timeout: where a lock is waited for at all, we give up
    -- and never the writer.
    perform set_config('lock_timeout', least(200, greatest(1, floor(
        extract(epoch from current_setting('deadlock_timeout')::interval) * 1000 / 2
    )))::text, true);
    -- A client that vanished without a word, before its commit, would keep its wallets locked for
    -- as long as the server takes it for alive: hours, by the defaults of TCP.
    perform set_config('idle_in_transaction_session_timeout', '500ms', true);
    v_batch_id := nextval('claim_ops.journal_batch_ids');
    -- The lines stand in the statement, so that the context of a trigger's error tells them.
    execute format(
        'select claim_ops.%I($1, $2, $3, $4) /* lines %s to %s */',
        v_kind.apply_function, v_lines[1], v_lines[cardinality(v_lines)]
    ) into last_line using v_plan, v_items, v_batch_id, p_pass;
    -- A chain held longer than a commit takes is not waited for with wallets locked: the
    -- batch is tried again.
    perform set_config('lock_timeout', '100ms', true);
    perform claim_ops._seal_journal(v_batch_id);
    perform set_config('lock_timeout', v_lock_timeout, true);

    -- Executed, so that it is planned anew: see _seal_journal. Set for this function, the plans of
    -- all that it calls would be made anew too.
    execute $$
        select
            count(*) filter (where journal.event = 'applied'),
            count(*) filter (where journal.event = 'skipped')
        from claim_ops.journal
        where journal.batch_id = $1
    $$ into applied, skipped using v_batch_id;
    pending := (select count(*) from unnest(v_lines) as line (no) where line.no <= last_line)
        - applied - skipped;
    return next;
end
$function$;
comment on function claim_ops.apply_batch is
$$Applies up to p_limit undecided lines after p_after_line; to be called in a transaction of its
own. Returns how far it looked, and how many lines were applied, skipped and left pending because
somebody holds their wallet; no row where no line is left. Lines that another applier holds are
passed over. From the tenth p_pass on a busy line is skipped.$$;
{{ claim_reconciliation.guard_hand_over('apply_batch', to=['claim_applier']) }}
{% endmacro %}
