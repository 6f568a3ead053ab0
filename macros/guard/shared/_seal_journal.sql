{% macro claim_ops__seal_journal() %}
create function claim_ops._seal_journal(p_batch_id bigint)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- A plan that was cached while the journal was small reads all of it for each batch.
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_head claim_ops.journal_batches;
    v_hash text;
    v_entries integer;
begin
    select count(*), claim_ops._entries_digest(p_batch_id) into v_entries, v_hash
    from claim_ops.journal
    where journal.batch_id = p_batch_id;
    if v_entries = 0 then
        return null;
    end if;

    -- Held until the transaction ends, hence taken last: the chain is the one thing that appliers
    -- wait for. A row that no login may lock: an advisory lock anybody could take, and every batch
    -- would wait for him.
    perform from claim_ops.locks where locks.name = 'journal' for update;
    -- After the lock: two batches that follow one head would fork the chain.
    select * into v_head from claim_ops.journal_batches order by position desc limit 1;

    v_hash := encode(sha256(convert_to(
        jsonb_build_array(
            coalesce(v_head.position, 0) + 1, coalesce(v_head.hash, ''), p_batch_id, v_entries,
            v_hash
        )::text,
        'UTF8'
    )), 'hex');
    insert into claim_ops.journal_batches (position, batch_id, entries, previous_hash, hash)
    values (
        coalesce(v_head.position, 0) + 1, p_batch_id, v_entries, coalesce(v_head.hash, ''), v_hash
    );
    return v_hash;
end
$function$;
comment on function claim_ops._seal_journal is
'Chains a batch of journal entries to the last one; returns the new head.';
{{ claim_reconciliation.guard_hand_over('_seal_journal') }}
{% endmacro %}
