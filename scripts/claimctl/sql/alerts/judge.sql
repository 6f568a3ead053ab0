-- One document: every alert as it stands, what of the input is stale or missing, and the exit code that follows.
with

alert_rules as (
    select
        alert, severity, state, since, value, threshold, signal, requests, escalation_level, description, runbook_url,
        null as command, judged_at
    from {models}.rpt_alerts
),

contacts as (
    select escalation_level, after_minutes
    from {models}.escalation_contacts
    where escalation_level is not null
),

-- A kill switch that was applied without approval, until another login approves it afterwards.
break_glass as (
    select
        count(*) as plans,
        min(applied_at) as since,
        min(plan_id) as first_plan
    from {break_glass} as unapproved
),

alerts as (
    select * from alert_rules
    union all
    select
        'unapproved_break_glass' as alert,
        'critical' as severity,
        case when break_glass.plans > 0 then 'firing' else 'ok' end as state,
        break_glass.since,
        break_glass.plans as value,
        0 as threshold,
        null as signal,
        null as requests,
        (
            select max(contacts.escalation_level)
            from contacts
            where break_glass.since + contacts.after_minutes * interval '1 minute' <= statement_timestamp()
        ) as escalation_level,
        'Kill switches that were applied without approval and that no other login has approved since.' as description,
        (select split_part(min(runbook_url), '#', 1) from alert_rules) || '#unapproved-break-glass' as runbook_url,
        'claimctl approve ' || coalesce(break_glass.first_plan::text, 'PLAN') as command,
        statement_timestamp() as judged_at
    from break_glass
    where %(has_break_glass)s
),

builds as (
    select
        built_at,
        as_of,
        (settings::jsonb ->> 'max_model_age_hours')::numeric as max_age_hours
    from {models}.rpt_wallet_build
),

stale as (
    select 'The models look back; alerts need a dbt build without as_of.' as sentence
    from builds
    where as_of is not null
    union all
    select
        'The models were built at ' || to_char(built_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') || ', more than '
        || max_age_hours || ' hours ago: run dbt build.'
    from builds
    where as_of is null and (built_at > statement_timestamp() - max_age_hours * interval '1 hour') is not true
    union all
    select 'The models have no build: run dbt build.'
    where not exists (select from builds)
    union all
    select 'No alert could be judged, rpt_alerts has no row: run dbt build.'
    where not exists (select from alert_rules)
    union all
    select
        'This login may not look at claim_ops, where an unapproved kill switch would show: as a superuser, grant '
        || 'claim_reader to ' || quote_ident(current_user) || '.'
    where %(is_guard_hidden)s
),

verdict as (
    select
        case
            when coalesce(bool_or(state = 'firing' and severity = 'critical'), false) then 2
            when exists (select from stale)
                or coalesce(bool_or('no_data' in (state, signal) or 'low_traffic' in (state, signal)), false) then 3
            when coalesce(bool_or(state = 'firing' and severity = 'warning'), false) then 1
            else 0
        end as exit_code
    from alerts
),

final as (
    select
        alerts.*,
        -- Where no contact has a level, the first level is due at once.
        coalesce(
            escalation_level,
            case when state = 'firing' and not exists (select from contacts) then 1 end
        ) as due_level
    from alerts
)

select jsonb_build_object(
    'exit_code', (select exit_code from verdict),
    'stale', coalesce((select jsonb_agg(sentence) from stale), '[]'),
    'built_at', (select max(built_at) from builds),
    'alerts', coalesce(
        (
            select
                jsonb_agg(
                    to_jsonb(final) - 'due_level' || jsonb_build_object('escalation_level', due_level)
                    order by
                        array_position(array['firing', 'pending', 'no_data', 'low_traffic', 'ok'], state),
                        array_position(array['critical', 'warning', 'info'], severity),
                        alert
                )
            from final
        ), '[]'
    )
) as document
