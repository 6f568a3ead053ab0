with

columns as (
    select
        columns.*,
        case
            when columns.source = 'function_metrics' and columns.type_family = 'time'
                then %(settings)s::jsonb ->> 'metrics_time_zone'
        end as zone,
        quote_ident(columns.column_name) as quoted_name,
        pg_type.typcategory,
        pg_type.oid::regtype::text as base_type
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, column_name text, type_family text, relation text, table_kind text, type_id oid, type_name text,
        is_read boolean
    )
    inner join pg_catalog.pg_type on columns.type_id = pg_type.oid
    where is_read and table_kind in ('r', 'p', 'f')
),

user_id_type as (
    select
        pg_type.oid,
        pg_type.oid::regtype::text as type_name,
        pg_type.typcategory
    from pg_catalog.pg_type
    where pg_type.oid = to_regtype(%(settings)s::jsonb ->> 'user_id_data_type')
),

-- Two string types compare alike, whatever their length.
judged as (
    select
        columns.*,
        case type_family
            when 'user_id' then user_id_type.type_name
            when 'time' then
                'timestamp with' || case when zone is null then '' else 'out' end || ' time zone'
            when 'integer' then 'integer'
            when 'number' then 'integer'
            when 'jsonb' then 'jsonb'
            when 'text' then 'text'
            when 'status' then 'text'
        end as wanted_type,
        case type_family
            when 'user_id'
                then columns.type_id = user_id_type.oid
                or (columns.typcategory = 'S' and user_id_type.typcategory = 'S')
            when 'time'
                then base_type = 'timestamp with' || case when zone is null then '' else 'out' end || ' time zone'
            when 'integer' then base_type in ('smallint', 'integer', 'bigint')
            when 'number' then columns.typcategory = 'N'
            when 'jsonb' then base_type = 'jsonb'
            when 'text' then columns.typcategory = 'S'
            when 'status' then columns.typcategory in ('S', 'E')
        end as fits
    from columns
    cross join user_id_type
),

-- Where all user ids are of one other type, it is the var that is wrong.
unlike_the_var as (
    select
        min(type_name) as type_name,
        string_agg(relation, ', ' order by relation) as relations
    from judged
    where type_family = 'user_id'
    having count(distinct type_name) = 1 and not bool_or(fits)
),

findings as (
    select
        'error' as state,
        'The var user_id_data_type is ' || user_id_type.type_name || ', but user ids are ' || unlike_the_var.type_name
        || ' in ' || relations || '.' as finding,
        'Set user_id_data_type: ' || unlike_the_var.type_name || ' below vars: in dbt_project.yml.' as advice
    from unlike_the_var
    cross join user_id_type
    union all
    select
        'error',
        relation || '.' || quoted_name || ' is ' || type_name || ', but must be ' || wanted_type || case
            when type_family = 'user_id' then ', as the var user_id_data_type says.'
            when zone is not null then ', as the var metrics_time_zone says.'
            when base_type = 'timestamp without time zone' then ': without a zone its moment is unknown.'
            else '.'
        end,
        case
            when zone is not null then 'Unset metrics_time_zone where times have a zone of their own; else: '
            when source = 'function_metrics' and base_type = 'timestamp without time zone'
                then 'Set the var metrics_time_zone to the zone of its values, such as Europe/Berlin. Or, '
            else ''
        end
        || case
            when zone is null and base_type = 'timestamp without time zone' then 'If its values are in UTC: '
            else ''
        end
        || 'alter table ' || relation || ' alter column ' || quoted_name || ' type ' || wanted_type || ' using '
        || case
            when base_type = 'timestamp without time zone' then quoted_name || ' at time zone ''UTC'''
            when zone is not null then quoted_name || ' at time zone ' || quote_literal(zone)
            else quoted_name || '::' || wanted_type
        end || ';'
    from judged
    where not fits and not (type_family = 'user_id' and exists (select from unlike_the_var))
)

select * from findings
union all
select
    'ok',
    'All ' || count(*) || ' columns have the types that the models need.',
    null
from judged
where not exists (select from findings)
having count(*) > 0
