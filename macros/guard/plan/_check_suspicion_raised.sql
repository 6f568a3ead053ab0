{% macro claim_ops__check_suspicion_raised() %}
{%- set pattern = var('ticket_pattern') | replace("'", "''") -%}
create function claim_ops._check_suspicion_raised(p_reason text, p_raise jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- A limit of suspicions is not raised in passing: somebody has looked at the users, and
    -- a ticket says who.
    if p_raise ?| array['{{ claim_reconciliation.breakers_that('suspects', none) | join("', '") }}']
        and p_reason !~ '{{ pattern }}'
    then
        perform claim_ops._refuse(
            'CO013',
            'a limit of suspected spends or of excess without evidence is raised only with a '
            'ticket in the reason',
            format('The reason %L names none that looks like %s.', p_reason, '{{ pattern }}'),
            'Let the ticket hold who looked at which users and name it: --reason "SUP-412 ..."'
        );
    end if;
end
$function$;
comment on function claim_ops._check_suspicion_raised is
$$Refuses to raise a limit of what looks like somebody else's doing, a spend or a grant, without a
ticket in the reason.$$;
{{ claim_reconciliation.guard_hand_over('_check_suspicion_raised') }}
{% endmacro %}
