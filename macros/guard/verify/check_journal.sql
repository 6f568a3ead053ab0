{% macro claim_ops_check_journal() %}
create function claim_ops.check_journal(p_head text default null)
returns table (journal_position bigint, problem text)
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    with chain as (
        select
            batches.*,
            lag(batches.hash, 1, '') over (order by batches.position) as hash_before,
            lag(batches.position, 1, 0::bigint) over (order by batches.position) as position_before,
            encode(sha256(convert_to(jsonb_build_array(
                batches.position,
                batches.previous_hash,
                batches.batch_id,
                batches.entries,
                claim_ops._entries_digest(batches.batch_id)
            )::text, 'UTF8')), 'hex') as hash_now
        from claim_ops.journal_batches as batches
    )
    select chain.position, case
        when chain.position <> chain.position_before + 1 then 'the batch before it is gone'
        when chain.previous_hash <> chain.hash_before then 'the chain is broken before it'
        else 'its entries are not those that were sealed'
    end
    from chain
    where chain.position <> chain.position_before + 1
        or chain.previous_hash <> chain.hash_before
        or chain.hash <> chain.hash_now
    union all
    select null, format('entry %s belongs to no sealed batch', journal.entry_id)
    from claim_ops.journal
    where not exists (
        select 1 from claim_ops.journal_batches as batches where batches.batch_id = journal.batch_id
    )
    union all
    select
        null,
        format('the head %s, kept outside, is not in it: its end was cut off or made anew', p_head)
    where p_head is not null and not exists (
        select 1 from claim_ops.journal_batches as batches where batches.hash = p_head
    )
    union all
    -- The journal has no foreign key: without this its owner could delete a plan, and the chain
    -- holds.
    select null, format('plan %s, of which it tells, is gone', journal.plan_id)
    from claim_ops.journal
    where journal.plan_id is not null and not exists (
        select 1 from claim_ops.plans where plans.plan_id = journal.plan_id
    )
    group by journal.plan_id
    union all
    select null, plan_problems.problem from claim_ops.plan_problems
    order by 1
$function$;
comment on function claim_ops.check_journal is
$$Recomputes the chain of the journal: one row a break, none where it holds; and what plans say that
it does not bear out. A cut at the end shows against p_head, a hash that was kept outside (claimctl
verify prints it). Against the tables' owner or a superuser this detects, it doesn't prevent.$$;
{{ claim_reconciliation.guard_hand_over('check_journal', to=['claim_reader']) }}
{% endmacro %}
