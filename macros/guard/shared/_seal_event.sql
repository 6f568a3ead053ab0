{% macro claim_ops__seal_event() %}
create function claim_ops._seal_event()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._seal_journal(new.batch_id);
    return null;
end
$function$;
comment on function claim_ops._seal_event is
$$Trigger, deferred: seals an event when its transaction commits. Sealed at once, the chain would be
held by a session that plans or verifies for long, or idles afterwards, and batches would wait for
it with their wallets locked.$$;
{{ claim_reconciliation.guard_hand_over('_seal_event') }}
{% endmacro %}
