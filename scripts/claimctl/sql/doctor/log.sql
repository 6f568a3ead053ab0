-- Whether the claim service may write its log: where it may not,
-- every alert about requests is blind.
with

service as (
    select %(settings)s::jsonb ->> 'claim_service_login' as login
),

logs as (
    select distinct
        schema_name,
        relation,
        table_id::oid as table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, schema_name text, relation text, table_id oid, is_read_source boolean
    )
    where source = 'function_metrics' and is_read_source and table_id is not null
),

judged as (
    select
        service.login,
        logs.relation,
        logs.schema_name,
        pg_roles.oid as role_id,
        pg_roles.oid is not null
        and has_schema_privilege(pg_roles.oid, logs.schema_name, 'usage') as may_enter,
        pg_roles.oid is not null
        and has_table_privilege(pg_roles.oid, logs.table_id, 'insert') as may_insert
    from service
    cross join logs
    left join pg_catalog.pg_roles on service.login = pg_roles.rolname
    where service.login is not null
)

select
    'error' as state,
    'The var claim_service_login names ' || login || ', and there is no such role.' as finding,
    'Set it to the role that the claim service connects as.' as advice
from judged
where role_id is null
union all
select
    'error',
    'The claim service''s login ' || login || ' may not write ' || relation
    || ': its log is not written.',
    case
        when may_enter then 'As its owner: grant insert on ' || relation || ' to '
            || quote_ident(login) || ';'
        else 'As its owner: grant usage on schema ' || quote_ident(schema_name) || ' to '
            || quote_ident(login) || ';'
    end
from judged
where role_id is not null and not (may_enter and may_insert)
union all
select
    'ok',
    'The claim service''s login ' || login || ' may write ' || relation || '.',
    null
from judged
where may_enter and may_insert
