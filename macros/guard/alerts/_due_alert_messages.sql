{% macro claim_ops__due_alert_messages() %}
create function claim_ops._due_alert_messages(p_alerts jsonb, p_now timestamptz)
returns table (
    alert text, since timestamptz, occurrence integer, escalation_level integer, told_level integer
)
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
with

alerts as (
    select given.*
    from jsonb_to_recordset(p_alerts) as given (
        alert text, state text, since timestamptz, escalation_level integer
    )
),

firing as (
    select
        alerts.alert,
        coalesce(known.since, alerts.since) as since,
        -- A contact who was told that it is over is told again where late rows let it fire
        -- since the same minute.
        coalesce(known.occurrence, 1 + (
            select coalesce(max(past.occurrence), 0)
            from claim_ops.alert_notifications as past
            where past.alert = alerts.alert and past.since = alerts.since
        )) as occurrence,
        alerts.escalation_level as told_level
    from alerts
    left join lateral (
        select open.since, open.occurrence
        from claim_ops.alert_notifications as open
        where open.alert = alerts.alert and open.seen_firing_at = p_now
        order by open.since desc, open.occurrence desc
        limit 1
    ) as known on true
    where alerts.state = 'firing'
),

-- A contact who was told that it fires is told that it is over; silence of the
-- service is no recovery.
recovered as (
    select
        known.alert,
        known.since,
        known.occurrence,
        max(known.escalation_level) filter (where known.sent_at is not null) as told_level
    from claim_ops.alert_notifications as known
    inner join alerts on known.alert = alerts.alert
    where alerts.state not in ('no_data', 'low_traffic')
    group by known.alert, known.since, known.occurrence
    having
        max(known.seen_firing_at) < p_now
        and max(known.escalation_level) filter (where known.sent_at is not null) > 0
        and bool_and(known.escalation_level > 0 or known.sent_at is null)
)

select
    firing.alert, firing.since, firing.occurrence, levels.escalation_level, levels.escalation_level
from firing
cross join generate_series(1, firing.told_level) as levels (escalation_level)
union all
select recovered.alert, recovered.since, recovered.occurrence, 0, recovered.told_level
from recovered
$function$;
comment on function claim_ops._due_alert_messages is
$$What is to be told: every level that a firing alert has climbed to, and 0 where one of that is
over; sent or not.$$;
{{ claim_reconciliation.guard_hand_over('_due_alert_messages') }}
{% endmacro %}
