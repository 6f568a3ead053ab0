{% macro claim_ops__entries_digest() %}
create function claim_ops._entries_digest(p_batch_id bigint)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- A plan that was cached while the journal was small reads all of it for each batch.
set plan_cache_mode = force_custom_plan
as $function$
    -- With actor and time: else the owner could write another name into an entry, and the chain
    -- holds.
    select encode(sha256(convert_to(coalesce(json_agg(json_build_array(
        entry_id, event, plan_id, line_no, user_id, before, after, wallet_updated_at, row_version,
        wallet_changed_at, reverses, detail, actor, written_at
    ) order by entry_id), '[]')::text, 'UTF8')), 'hex')
    from claim_ops.journal
    where batch_id = p_batch_id
$function$;
comment on function claim_ops._entries_digest is
'SHA-256, in hex, over the entries of a batch in their order.';
{{ claim_reconciliation.guard_hand_over('_entries_digest') }}
{% endmacro %}
