{% macro claim_ops_set_single_operator() %}
create function claim_ops.set_single_operator(p_is_on boolean, p_reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._check_reason(p_reason, 'An auditor of the journal');
    update claim_ops.control
    set is_single_operator = p_is_on, changed_by = session_user, changed_at = clock_timestamp();
    perform claim_ops._write_event(
        null, 'single_operator', jsonb_build_object('is_on', p_is_on, 'reason', p_reason)
    );
end
$function$;
comment on function claim_ops.set_single_operator is
$$Lets one login approve its own plans, or no longer; for members of claim_owner. Each
use is journalled.$$;
{{ claim_reconciliation.guard_hand_over('set_single_operator', owner='claim_owner') }}
{% endmacro %}
