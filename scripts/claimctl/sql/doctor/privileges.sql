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

-- What the guard's two roles need, where it is installed; install_guard refuses to go without.
needed as (
    select
        roles.oid,
        grants.role_name,
        grants.privilege,
        tables.relation,
        tables.table_id
    from (values
        ('claim_guard', 'purchase_claims', 'select'),
        ('claim_guard', 'user_wallet_balances', 'select'),
        ('claim_guard', 'audit_purchases', 'select'),
        ('claim_guard', 'store_config', 'select'),
        ('claim_writer', 'purchase_claims', 'insert'),
        ('claim_writer', 'purchase_claims', 'delete'),
        ('claim_writer', 'user_wallet_balances', 'insert'),
        ('claim_writer', 'user_wallet_balances', 'update'),
        ('claim_writer', 'user_wallet_balances', 'delete'),
        ('claim_writer', 'store_config', 'update')
    ) as grants (role_name, source, privilege)
    inner join pg_catalog.pg_roles as roles on grants.role_name = roles.rolname
    inner join (
        select distinct columns.source, columns.relation, columns.table_id
        from jsonb_to_recordset(%(columns)s::jsonb) as columns (source text, relation text, table_id oid)
    ) as tables on grants.source = tables.source and tables.table_id is not null
    where exists (select from pg_catalog.pg_namespace where nspname = 'claim_ops')
),

findings as (
    select
        'error' as state,
        needed.role_name || ' may not ' || string_agg(needed.privilege, ', ' order by needed.privilege) || ' on ' || needed.relation
        || ': the guard cannot work.' as finding,
        'As its owner: grant ' || string_agg(needed.privilege, ', ' order by needed.privilege) || ' on ' || needed.relation || ' to '
        || needed.role_name || ';' as advice
    from needed
    where not has_table_privilege(needed.oid, needed.table_id, needed.privilege)
    group by needed.role_name, needed.relation
    union all
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
