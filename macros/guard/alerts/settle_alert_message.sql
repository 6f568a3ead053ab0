{% macro claim_ops_settle_alert_message() %}
create function claim_ops.settle_alert_message(
    p_alert text,
    p_since timestamptz,
    p_occurrence integer,
    p_escalation_level integer,
    p_leased_at timestamptz,
    p_is_sent boolean
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- By the time of the lease: a run that came too late settles nothing of another.
    update claim_ops.alert_notifications
    set sent_at = clock_timestamp()
    where alert = p_alert
        and since = p_since
        and occurrence = p_occurrence
        and escalation_level = p_escalation_level
        and leased_at = p_leased_at and sent_at is null and p_is_sent;
    delete from claim_ops.alert_notifications
    where alert = p_alert
        and since = p_since
        and occurrence = p_occurrence
        and escalation_level = p_escalation_level
        and leased_at = p_leased_at and sent_at is null and not p_is_sent;
end
$function$;
comment on function claim_ops.settle_alert_message is
'Says that a leased message was sent, or gives it up, so that the next run tries again.';
{{ claim_reconciliation.guard_hand_over('settle_alert_message', to=['claim_alerter']) }}
{% endmacro %}
