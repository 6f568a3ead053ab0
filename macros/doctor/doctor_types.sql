{% macro doctor_types(columns, settings) %}
    {#- What doctor and each build say of types that the models cannot read, and of zones that
        PostgreSQL does not know. -#}
with

{{ claim_reconciliation.judged_types(columns, settings) }}

findings as (
    select
        'error' as state,
        'The var user_id_data_type is ' || user_id_type.type_name || ', but user ids are '
        || unlike_the_var.type_name || ' in ' || relations || '.' as finding,
        'Set user_id_data_type: ' || unlike_the_var.right_type
        || ' below vars: in dbt_project.yml.' as advice
    from unlike_the_var
    cross join user_id_type
    union all
    select
        'error',
        place || ' is ' || type_name || ', but must be ' || wanted_type || case
            when type_family = 'user_id' then ', as the var user_id_data_type says.'
            when base_type = 'timestamp' then ': without a zone its moment is unknown.'
            else '.'
        end,
        {{ claim_reconciliation.advice_on_type() | indent(8) }}
    from judged
    where fits is not true and not (type_family = 'user_id' and exists (select from unlike_the_var))
    union all
    {{ claim_reconciliation.unknown_zones(settings) | indent(4) }}
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
{% endmacro %}


{% macro judged_types(columns, settings) %}
    {#- The CTEs of doctor_types: each column that is read with the type that it must have and
        whether its own fits. -#}
columns as (
    select
        columns.*,
        quote_ident(columns.column_name) as quoted_name,
        case
            when expression is null then relation || '.' || quote_ident(columns.column_name)
            else 'What claim_service_columns maps ' || source || '.' || name || ' to, '
                || expression || ','
        end as place,
        pg_type.typcategory,
        columns.base_type in ('int2', 'int4', 'int8') as is_integer,
        coalesce(
            {{ settings }} #>> array['claim_service_time_zones', columns.source],
            case
                when columns.source = 'function_metrics'
                    then {{ settings }} ->> 'metrics_time_zone'
            end
        ) as time_zone
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, name text, column_name text, type_family text, relation text, table_kind text,
        type_id oid, type_name text, base_type text, expression text, is_read boolean
    )
    inner join pg_catalog.pg_type on columns.type_id = pg_type.oid
    where is_read
),

user_id_type as (
    select
        pg_type.oid::regtype::text as type_name,
        pg_type.typname::text as base_type
    from pg_catalog.pg_type
    where pg_type.oid = to_regtype({{ settings }} ->> 'user_id_data_type')
),

judged as (
    select
        columns.*,
        case type_family when 'user_id' then user_id_type.type_name else families.wanted_type end
            as wanted_type,
        {{ claim_reconciliation.type_fits() | indent(8) }} as fits
    from columns
    cross join user_id_type
    inner join (
        values
        ('user_id', null), ('key', 'text'), ('text', 'text'), ('status', 'text'),
        ('time', 'timestamp with time zone'), ('integer', 'integer'), ('number', 'integer'),
        ('jsonb', 'jsonb')
    ) as families (type_family, wanted_type) using (type_family)
),

{{ claim_reconciliation.unlike_the_var() }}
{%- endmacro %}


{% macro unlike_the_var() %}
    {#- A CTE of doctor_types: where all user ids are of one other type,
        it is the var that is wrong. -#}
unlike_the_var as (
    select
        min(type_name) as type_name,
        case
            when bool_and(typcategory = 'S') then 'text'
            when bool_and(is_integer) then 'bigint'
            when bool_and(base_type = 'uuid') then 'uuid'
            else min(type_name)
        end as right_type,
        string_agg(relation, ', ' order by relation) as relations
    from judged
    where type_family = 'user_id'
    having count(distinct type_name) = 1 and not bool_or(fits)
),
{%- endmacro %}


{% macro type_fits() -%}
    {#- Whether the models can read a column of doctor_types. Two string types compare alike,
        whatever their length; a time without a zone needs a var that names its table's, and a day
        is no moment where something is written or counted. -#}
case type_family
    when 'user_id'
        then columns.base_type = user_id_type.base_type
            or (columns.typcategory = 'S' and user_id_type.type_name = 'text')
            or (columns.base_type in ('int2', 'int4') and user_id_type.type_name = 'bigint')
    when 'key' then columns.typcategory = 'S' or is_integer or columns.base_type = 'uuid'
    when 'time'
        then columns.base_type = 'timestamptz'
            or (columns.base_type = 'timestamp' and time_zone is not null)
            or (
                columns.base_type = 'date' and time_zone is not null
                and source in (
                    'audit_purchases', 'wallet_adjustments', 'queued_purchases',
                    'accepted_discrepancies'
                )
            )
    when 'integer'
        then is_integer or (columns.base_type = 'numeric' and columns.type_name !~ ',[1-9]')
    when 'number' then columns.typcategory = 'N'
    when 'jsonb' then columns.base_type in ('jsonb', 'json') or columns.typcategory = 'S'
    else columns.typcategory in ('S', 'E')
end
{%- endmacro %}


{% macro advice_on_type() -%}
    {#- What doctor_types says to do about a type that does not fit. -#}
case
    when base_type in ('timestamp', 'date') and time_zone is null
        and not (
            base_type = 'date'
            and source in ('purchase_claims', 'user_wallet_balances', 'function_metrics')
        )
        then 'Name the zone that it is written in: claim_service_time_zones: {' || source
            || ': UTC}. Or: '
    else ''
end
|| case
    when expression is not null
        then 'Cast it there: (' || expression || ')::' || wanted_type || '.'
    when table_kind in ('v', 'm')
        then 'Cast it in the view ' || relation || ' to ' || wanted_type || '.'
    else 'alter table ' || relation || ' alter column ' || quoted_name
        || ' type ' || wanted_type || ' using '
        || case
            when base_type = 'timestamp' then quoted_name || ' at time zone ''UTC'''
            else quoted_name || '::' || wanted_type
        end
        || ';'
end
{%- endmacro %}


{% macro unknown_zones(settings) -%}
    {#- The findings of doctor_types on vars that name a zone which PostgreSQL does not know by
        name. -#}
select
    'error',
    'The var ' || zones.name || ' is ' || zones.zone || ', which is no name of a zone.',
    'Use a name of pg_timezone_names, such as Europe/Berlin; '
    || 'to PostgreSQL, UTC+2 lies two hours west.'
from (
    select vars.key as name, vars.value as zone
    from jsonb_each_text({{ settings }}) as vars
    where vars.key in ('cap_timezone', 'local_timezone', 'metrics_time_zone')
    union all
    select 'claim_service_time_zones: ' || vars.key, vars.value
    from jsonb_each_text(
        coalesce(nullif({{ settings }} -> 'claim_service_time_zones', 'null'), '{}')
    ) as vars
) as zones
where zones.zone is not null
    and not exists (
        select from pg_catalog.pg_timezone_names as known where known.name = zones.zone
    )
{%- endmacro %}
