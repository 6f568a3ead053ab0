-- Grain: one row a minute from before the incident until after it,
-- with the error rate and the state of its alert.
select
    minutes.judged_at,
    coalesce(minutes.value, 0) as error_rate,
    minutes.state,
    minutes.judged_at > incidents.started_at and minutes.judged_at <= incidents.ended_at
        as is_incident
from dbt_claim_reconciliation.int_alert_minutes as minutes
inner join sandbox.incidents
    on minutes.judged_at between incidents.started_at - interval '20 minutes'
        and incidents.ended_at + interval '15 minutes'
where minutes.alert = 'error_rate'
order by minutes.judged_at
