{% macro claim_ops__waiting_ends_at() %}
create function claim_ops._waiting_ends_at()
returns timestamptz
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    -- The first answer holds for the whole transaction: a deadline that each of 45 waits
    -- gets anew is none.
    select least(
        nullif(current_setting('claim_ops.waiting_ends_at', true), '')::timestamptz,
        clock_timestamp() + current_setting('deadlock_timeout')::interval / 2
    )
$function$;
comment on function claim_ops._waiting_ends_at is
$$Until when a batch that holds locks may wait for others: half of deadlock_timeout from its
beginning on. A transaction that waits for the batch began later, and is not looked at for a
deadlock before deadlock_timeout; so it never is the one to die.$$;
{{ claim_reconciliation.guard_hand_over('_waiting_ends_at') }}
{% endmacro %}
