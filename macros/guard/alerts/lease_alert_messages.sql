{% macro claim_ops_lease_alert_messages() %}
create function claim_ops.lease_alert_messages(p_alerts jsonb)
returns table (
    alert text, since timestamptz, occurrence integer, escalation_level integer, told_level integer,
    leased_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
#variable_conflict use_column
declare
    v_now timestamptz;
begin
    perform claim_ops._check_isolation();
    -- One run at a time decides; the statements below see what the one before leased.
    lock table claim_ops.alert_notifications in share row exclusive mode;
    v_now := clock_timestamp();
    perform claim_ops._note_firing_alerts(p_alerts, v_now);

    return query
    with due as (
        select * from claim_ops._due_alert_messages(p_alerts, v_now)
    ),

    leased as (
        insert into claim_ops.alert_notifications as known (
            alert, since, occurrence, escalation_level, leased_at, seen_firing_at
        )
        select due.alert, due.since, due.occurrence, due.escalation_level, v_now, v_now
        from due
        -- A run that died between lease and message gives it up after five minutes.
        on conflict on constraint a_message_is_leased_once do update
        set leased_at = v_now, leased_by = session_user
        where known.sent_at is null and known.leased_at < v_now - interval '5 minutes'
        returning
            known.alert, known.since, known.occurrence, known.escalation_level, known.leased_at
    )

    select
        leased.alert, leased.since, leased.occurrence, leased.escalation_level, due.told_level,
        leased.leased_at
    from leased
    inner join due using (alert, since, occurrence, escalation_level)
    order by leased.alert, leased.since, leased.occurrence, leased.escalation_level;
end
$function$;
comment on function claim_ops.lease_alert_messages is
$$Leases the messages that are due: one when an alert fires, one for each level that it climbs to,
one when it is over. p_alerts is a list of {alert, state, since, escalation_level}. A message is
nobody else's until settle_alert_message.$$;
{{ claim_reconciliation.guard_hand_over('lease_alert_messages', to=['claim_alerter']) }}
{% endmacro %}
