with

sources as (
    select distinct
        columns.schema_name,
        columns.relation,
        columns.table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        schema_name text, relation text, table_id oid, is_read boolean
    )
    where columns.is_read and columns.table_id is not null
),

findings as (
    select distinct
        'error' as state,
        'The login ' || current_user || ' may not use the schema ' || schema_name || '.' as finding,
        'As its owner: grant usage on schema ' || quote_ident(schema_name) || ' to ' || quote_ident(current_user) || ';'
            as advice
    from sources
    where not has_schema_privilege(schema_name, 'usage')
    union all
    select
        'error',
        'The login ' || current_user || ' may not read ' || relation || '.',
        'As its owner: grant select on ' || relation || ' to ' || quote_ident(current_user) || ';'
    from sources
    where not has_table_privilege(table_id, 'select')
    union all
    select
        'error',
        'Row-level security may hide rows of ' || relation || ' from the login ' || current_user
        || ', and dbt build refuses to read it.',
        'As a superuser: alter role ' || quote_ident(current_user)
        || ' bypassrls; or connect as the owner of the table, if it does not force the policies on him.'
    from sources
    where row_security_active(table_id)
)

select * from findings
union all
select
    'ok',
    'The login may read every row of the sources.',
    null
from sources
where not exists (select from findings)
having count(*) > 0
