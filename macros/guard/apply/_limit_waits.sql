{% macro claim_ops__limit_waits() %}
create function claim_ops._limit_waits(p_deadline timestamptz)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    -- At least 1: a lock_timeout of 0 means to wait for ever.
    select set_config(
        'lock_timeout',
        greatest(1, ceil(1000 * extract(epoch from p_deadline - clock_timestamp())))::text,
        true
    )
$function$;
comment on function claim_ops._limit_waits is
'Lets the transaction wait for no lock beyond a deadline.';
{{ claim_reconciliation.guard_hand_over('_limit_waits') }}
{% endmacro %}
