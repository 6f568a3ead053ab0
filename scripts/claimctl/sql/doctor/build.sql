with

builds as (
    select
        built_at,
        as_of,
        settings::jsonb as settings,
        (to_jsonb(build) ->> 'found')::jsonb as found,
        (to_jsonb(build) ->> 'too_old_at')::timestamptz as too_old_at,
        to_char(built_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') as built_at_text
    from {models}.rpt_wallet_build as build
),

findings as (
    select
        'error' as state,
        'The models look back: they were built as of '
        || to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') || '.' as finding,
        'Run dbt build without as_of; nothing is planned from a look back.' as advice
    from builds
    where as_of is not null
    union all
    select
        'warning',
        'The models were built at ' || built_at_text || ' and are too old'
        || coalesce(
            ' since ' || to_char(too_old_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), ''
        ) || '.',
        'Run dbt build; nothing is planned from models that old.'
    from builds
    where as_of is null and (clock_timestamp() < too_old_at) is not true
    union all
    select
        'warning',
        'The models were built with ' || setting.key || ' = ' || setting.value
        || ', the project says '
        || coalesce((%(settings)s::jsonb -> setting.key)::text, 'nothing') || '.',
        'Run dbt build with the project''s vars.'
    from builds
    cross join jsonb_each(builds.settings) as setting
    where
        setting.value is distinct from %(settings)s::jsonb -> setting.key
        and left(setting.key, 4) <> 'has_'
    union all
    select
        'warning',
        'The models were built ' || case when part.value::boolean then 'with ' else 'without ' end
        || part.key || ', which is '
        || case when part.value::boolean then 'not there any more.' else 'there now.' end,
        'Run dbt build, and dbt run-operation install_guard where the guard is installed.'
    from builds
    cross join jsonb_each_text(builds.found) as part
    where part.value is distinct from %(found)s::jsonb ->> part.key
)

select * from findings
union all
select
    'ok',
    'Built at ' || built_at_text || ' with the project''s settings.',
    null
from builds
where not exists (select from findings)
