{% macro claim_ops__refuse() %}
create function claim_ops._refuse(p_code text, p_message text, p_detail text, p_hint text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    raise exception using errcode = p_code, message = p_message, detail = p_detail, hint = p_hint;
end
$function$;
comment on function claim_ops._refuse is
$$Ends the transaction with one of the guard's errors: a message, what is known, and the next
command. CO001 no such plan, CO002 the plan's state forbids it, CO003 maker and approver are one,
CO004 a digest differs, CO005 a breaker, CO006 paused, CO007 expired, CO008 other rules than the
models', CO009 isolation, CO010 the models are missing, old or a look back, CO011 a wallet was not
written as planned, CO012 append-only, CO013 bad input, CO014 nothing to do, CO015 a table of the
service is unfit: no key decides who was first, or nothing fills a column. An installation ends
with: CO101 its login may not set up the roles, CO102 rights are missing, CO103 a table of the
service is missing or is none, CO104 the guard reads the models of another schema.$$;
{{ claim_reconciliation.guard_hand_over('_refuse') }}
{% endmacro %}
