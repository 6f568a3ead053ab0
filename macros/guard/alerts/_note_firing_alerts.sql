{% macro claim_ops__note_firing_alerts() %}
create function claim_ops._note_firing_alerts(p_alerts jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- Late rows move the time since when an alert fires. It is the same incident as long as that
    -- lies not after the last time that it was seen firing.
    update claim_ops.alert_notifications as known
    set seen_firing_at = p_now
    from jsonb_to_recordset(p_alerts) as alerts (alert text, state text, since timestamptz)
    where known.alert = alerts.alert
        and alerts.state = 'firing'
        and alerts.since <= known.seen_firing_at
        and not exists (
            select 1 from claim_ops.alert_notifications as recovery
            where recovery.alert = known.alert and recovery.since = known.since
                and recovery.occurrence = known.occurrence and recovery.escalation_level = 0
        );
end
$function$;
comment on function claim_ops._note_firing_alerts is
'Notes of each known incident that goes on that it was seen firing.';
{{ claim_reconciliation.guard_hand_over('_note_firing_alerts') }}
{% endmacro %}
