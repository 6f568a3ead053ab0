{% macro guard_waiting_ends_at() %}
create function claim_ops._waiting_ends_at()
returns timestamptz
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    select clock_timestamp() + pg_settings.setting::integer / 2 * interval '1 millisecond'
    from pg_catalog.pg_settings
    where pg_settings.name = 'deadlock_timeout'
$function$;
comment on function claim_ops._waiting_ends_at is
$$Until when a batch that holds locks may wait for others: half of deadlock_timeout from its beginning on. Whoever waits for the
batch began later, and is not looked at for a deadlock before deadlock_timeout; so he never is the one to die.$$;
{% endmacro %}
