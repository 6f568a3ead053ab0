-- One document: every alert as it stands, what of the input is stale or missing,
-- and the exit code that follows.
with

alerts as (
    select
        alert, severity, state, since, value, threshold, signal, requests, escalation_level,
        description, runbook_url,
        case
            when alert = 'unapproved_break_glass'
                then 'claimctl approve '
                    || coalesce((
                        select first_plan_id::text
                        from {models}.stg_claim_ops__unapproved_break_glass
                    ), 'PLAN')
        end as command,
        judged_at
    from {models}.rpt_alerts
),

contacts as (
    select escalation_level, after_minutes
    from {models}.escalation_contacts
    where escalation_level is not null
),

builds as (
    select
        built_at,
        as_of,
        too_old_at
    from {models}.rpt_wallet_build
),

stale as (
    select 'The models look back; alerts need a dbt build without as_of.' as sentence
    from builds
    where as_of is not null
    union all
    select
        'The models were built at '
        || to_char(built_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
        || ' and are too old since '
        || to_char(too_old_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') || ': run dbt build.'
    from builds
    where as_of is null and (statement_timestamp() < too_old_at) is not true
    union all
    select sentence
    from unnest(%(late)s::text[]) as sentence
    where sentence is not null
    union all
    select 'The models have no build: run dbt build.'
    where not exists (select from builds)
    union all
    select 'No alert could be judged, rpt_alerts has no row: run dbt build.'
    where not exists (select from alerts)
    union all
    select
        'The models were built before the guard was installed, and no alert tells of an '
        || 'unapproved kill switch: run dbt build.'
    where exists (select from pg_catalog.pg_namespace where nspname = 'claim_ops')
        and exists (select from alerts)
        and not exists (select from alerts where alert = 'unapproved_break_glass')
),

verdict as (
    select
        case
            when coalesce(bool_or(state = 'firing' and severity = 'critical'), false) then 2
            when exists (select from stale)
                or coalesce(
                    bool_or('no_data' in (state, signal) or 'low_traffic' in (state, signal)), false
                ) then 3
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
                    to_jsonb(final) - 'due_level'
                    || jsonb_build_object('escalation_level', due_level)
                    order by
                        array_position(
                            array['firing', 'pending', 'no_data', 'low_traffic', 'ok'], state
                        ),
                        array_position(array['critical', 'warning', 'info'], severity),
                        alert
                )
            from final
        ), '[]'
    )
) as document
