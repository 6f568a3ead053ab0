{% macro guard_claim_alert_messages() %}
create function claim_ops.claim_alert_messages(p_alerts jsonb)
returns table (
    alert text, since timestamptz, escalation_level integer, told_level integer, claimed_at timestamptz
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
    -- One run at a time decides; the statements below see what the one before claimed.
    lock table claim_ops.alert_notifications in share row exclusive mode;
    v_now := clock_timestamp();

    -- Late rows move the time since when an alert fires. It is the same incident as long as that lies not after the last
    -- time that it was seen firing.
    update claim_ops.alert_notifications as known
    set seen_firing_at = v_now
    from jsonb_to_recordset(p_alerts) as alerts (alert text, state text, since timestamptz)
    where known.alert = alerts.alert and alerts.state = 'firing' and alerts.since <= known.seen_firing_at
        and not exists (
            select 1 from claim_ops.alert_notifications as recovery
            where recovery.alert = known.alert and recovery.since = known.since and recovery.escalation_level = 0
        );

    return query
    with alerts as (
        select *
        from jsonb_to_recordset(p_alerts) as alerts (alert text, state text, since timestamptz, escalation_level integer)
    ),

    firing as (
        select alerts.alert, coalesce(max(known.since), alerts.since) as since, alerts.escalation_level as told_level
        from alerts
        left join claim_ops.alert_notifications as known
            on alerts.alert = known.alert and known.seen_firing_at = v_now
        where alerts.state = 'firing'
        group by alerts.alert, alerts.since, alerts.escalation_level
    ),

    -- Whoever was told that it fires is told that it is over; silence of the service is no recovery.
    recovered as (
        select
            known.alert, known.since,
            max(known.escalation_level) filter (where known.sent_at is not null) as told_level
        from claim_ops.alert_notifications as known
        inner join alerts on known.alert = alerts.alert
        where alerts.state not in ('no_data', 'low_traffic')
        group by known.alert, known.since
        having max(known.seen_firing_at) < v_now
            and max(known.escalation_level) filter (where known.sent_at is not null) > 0
            and bool_and(known.escalation_level > 0 or known.sent_at is null)
    ),

    due as (
        select firing.alert, firing.since, level as escalation_level, level as told_level
        from firing
        cross join generate_series(1, firing.told_level) as level
        union all
        select recovered.alert, recovered.since, 0, recovered.told_level
        from recovered
    ),

    claimed as (
        insert into claim_ops.alert_notifications as known (alert, since, escalation_level, claimed_at, seen_firing_at)
        select due.alert, due.since, due.escalation_level, v_now, v_now
        from due
        -- A run that died between claim and message gives it up after five minutes.
        on conflict on constraint a_message_is_claimed_once do update
        set claimed_at = v_now, claimed_by = session_user
        where known.sent_at is null and known.claimed_at < v_now - interval '5 minutes'
        returning known.alert, known.since, known.escalation_level, known.claimed_at
    )

    select claimed.alert, claimed.since, claimed.escalation_level, due.told_level, claimed.claimed_at
    from claimed
    inner join due using (alert, since, escalation_level)
    order by claimed.alert, claimed.since, claimed.escalation_level;
end
$function$;
comment on function claim_ops.claim_alert_messages is
$$Claims the messages that are due: one when an alert fires, one for each level that it climbs to, one when it is over.
p_alerts is a list of {alert, state, since, escalation_level}. A message is nobody else's until settle_alert_message.$$;
{% endmacro %}
