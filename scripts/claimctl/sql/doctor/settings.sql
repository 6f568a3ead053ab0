with

settings as (
    select %(settings)s::jsonb as vars
),

known as (
    select *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (source text, name text, item text)
),

items as (
    select
        entry.key as item,
        entry.value ->> 'column' as column_name,
        entry.value ->> 'kind' as kind
    from settings
    cross join jsonb_each(settings.vars -> 'wallet_items') as entry
),

column_maps as (
    select
        entry.key as source,
        entry.value as names
    from settings
    cross join jsonb_each(settings.vars -> 'claim_service_columns') as entry
),

findings as (
    select
        'warning' as state,
        'The var ' || name || ' is none of the package''s, so that nothing reads it.' as finding,
        'Correct its name below vars: claim_reconciliation: in dbt_project.yml.' as advice
    from jsonb_array_elements_text(%(unknown_vars)s::jsonb) as name
    union all
    select
        'error',
        'claim_service_' || map || ' names ' || source
        || ', which is no table of the claim service.',
        'Use one of ' || (select string_agg(distinct known.source, ', ') from known) || '.'
    from (
        select
            'tables' as map,
            jsonb_object_keys(vars -> 'claim_service_tables') as source
        from settings
        union all
        select
            'columns',
            source
        from column_maps
    ) as maps
    where source not in (select known.source from known)
    union all
    select
        'error',
        'claim_service_columns: ' || source || ' must map columns to names, not ' || names || '.',
        'Write {{' || source || ': {{column: its name}}}}.'
    from column_maps
    where jsonb_typeof(names) <> 'object'
    union all
    select
        'error',
        'claim_service_columns: ' || column_maps.source || ' names ' || given_name
        || ', which is no column of it.',
        'Use one of ' || (
            select string_agg(known.name, ', ')
            from known
            where known.source = column_maps.source and known.item is null
        ) || '; an item''s column is named in wallet_items.'
    from column_maps
    cross join
        jsonb_object_keys(case when jsonb_typeof(names) = 'object' then names else '{{}}' end)
            as given_name
    where column_maps.source in (select known.source from known)
        and not exists (
            select
            from known
            where
                known.source = column_maps.source
                and known.name = given_name
                and known.item is null
        )
    union all
    select
        'error',
        'user_id_data_type is ' || (vars ->> 'user_id_data_type')
        || ', which is no type of this database.',
        'Set it to the type of purchase_claims.user_id, such as text or uuid.'
    from settings
    where to_regtype(vars ->> 'user_id_data_type') is null
    union all
    select
        'error',
        'booster_stacking_policy is ' || (vars ->> 'booster_stacking_policy') || '.',
        'Set it to max or extend.'
    from settings
    where vars ->> 'booster_stacking_policy' not in ('max', 'extend')
    union all
    select
        'error',
        'wallet_items: ' || item || ' needs a column, and a kind that is quantity or expiry.',
        'Write {{' || item || ': {{column: the wallet''s column, kind: quantity}}}}.'
    from items
    where column_name is null or kind is null or kind not in ('quantity', 'expiry')
    union all
    select
        'warning',
        'settle_minutes is ' || (vars ->> 'settle_minutes')
        || ', but the store retries for 155 minutes: a claim on its way looks like a fault.',
        'Set settle_minutes to 155 or more; the default is 180.'
    from settings
    where (vars ->> 'settle_minutes')::numeric < 155
)

select * from findings
union all
select
    'ok',
    'User ids are ' || (vars ->> 'user_id_data_type') || ', wallets settle after '
    || (vars ->> 'settle_minutes')
    || ' minutes, caps count by the clocks of '
    || coalesce(vars ->> 'cap_timezone', 'an unknown zone') || ', items are '
    || (select string_agg(item, ', ' order by item) from items) || '.',
    null
from settings
where not exists (select from findings)
