-- Written by `make generate` from the macro doctor_privileges: change that.
with

sources as (
    select distinct source, schema_name, relation, table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, schema_name text, relation text, table_id oid, is_read_source boolean
    )
    where is_read_source and table_id is not null
),

needed (role_name, source, privilege) as (
    values
    ('claim_guard', 'purchase_claims', 'select'),
    ('claim_guard', 'user_wallet_balances', 'select'),
    ('claim_guard', 'audit_purchases', 'select'),
    ('claim_guard', 'store_config', 'select'),
    ('claim_guard', 'wallet_adjustments', 'select'),
    ('claim_guard', 'queued_purchases', 'select'),
    ('claim_guard', 'accepted_discrepancies', 'select'),
    ('claim_guard', 'users', 'select'),
    ('claim_writer', 'purchase_claims', 'select'),
    ('claim_writer', 'purchase_claims', 'insert'),
    ('claim_writer', 'purchase_claims', 'delete'),
    ('claim_writer', 'user_wallet_balances', 'select'),
    ('claim_writer', 'user_wallet_balances', 'insert'),
    ('claim_writer', 'user_wallet_balances', 'update'),
    ('claim_writer', 'user_wallet_balances', 'delete'),
    ('claim_writer', 'store_config', 'select'),
    ('claim_writer', 'store_config', 'update')
),

-- Once the guard is there, its roles need what install_guard gave them.
guard_rights as (
    select
        needed.role_name,
        needed.privilege,
        roles.oid as role_id,
        sources.schema_name,
        sources.relation,
        sources.table_id
    from needed
    inner join sources on needed.source = sources.source
    inner join pg_catalog.pg_roles as roles on needed.role_name = roles.rolname
    where exists (select from pg_catalog.pg_namespace where nspname = 'claim_ops')
),


-- A login of the guard reads the models and calls functions; the tables are read by those who
-- build, and by functions.
asking as (
    select not exists (
        select from pg_catalog.pg_roles
        where
            rolname = 'claim_reader'
            and pg_has_role(oid, 'usage')
            and not has_database_privilege(current_database(), 'create')
            and not exists (
                select from pg_catalog.pg_class
                where relname = 'rpt_wallet_build' and pg_has_role(relowner, 'usage')
            )
    ) as builds
),

findings as (
    select
        'error' as state,
        role_name || ' may not ' || string_agg(privilege, ', ' order by privilege) || ' on '
        || relation || ': the guard cannot work.' as finding,
        'As its owner: grant ' || string_agg(privilege, ', ' order by privilege) || ' on '
        || relation || ' to ' || role_name || ';' as advice
    from guard_rights
    where not has_table_privilege(role_id, table_id, privilege)
    group by role_name, relation
    union all
    select distinct
        'error',
        role_name || ' may not use the schema ' || schema_name || ': the guard cannot work.',
        'As its owner: grant usage on schema ' || quote_ident(schema_name) || ' to ' || role_name
        || ';'
    from guard_rights
    where not has_schema_privilege(role_id, schema_name, 'usage')
    union all
    select distinct
        'error',
        'Row-level security may hide rows of ' || relation || ' from ' || role_name
        || ': the guard refuses to read it.',
        'As a superuser: alter role ' || role_name || ' bypassrls;'
    from guard_rights
    inner join pg_catalog.pg_class on guard_rights.table_id = pg_class.oid
    inner join pg_catalog.pg_roles on guard_rights.role_id = pg_roles.oid
    where
        pg_class.relrowsecurity
        and not (pg_roles.rolbypassrls or pg_roles.rolsuper)
        and (
            pg_class.relforcerowsecurity
            or not pg_has_role(pg_roles.oid, pg_class.relowner, 'usage')
        )
    union all
    select distinct
        'error',
        'The login ' || current_user || ' may not use the schema ' || schema_name || '.',
        'As its owner: grant usage on schema ' || quote_ident(schema_name) || ' to '
        || quote_ident(current_user) || ';'
    from sources
    where not has_schema_privilege(schema_name, 'usage') and (select builds from asking)
    union all
    select
        'error',
        'The login ' || current_user || ' may not read ' || relation || '.',
        'As its owner: grant select on ' || relation || ' to ' || quote_ident(current_user) || ';'
    from sources
    where not has_table_privilege(table_id, 'select') and (select builds from asking)
    union all
    select
        'error',
        'Row-level security may hide rows of ' || relation || ' from the login ' || current_user
        || ', and dbt build refuses to read it.',
        'As a superuser: alter role ' || quote_ident(current_user)
        || ' bypassrls; or connect as the owner of the table, '
        || 'if it does not force the policies on him.'
    from sources
    where row_security_active(table_id) and (select builds from asking)
    union all
    -- Before the first build; later its schema is there, and its own.
    select
        'error',
        'The login ' || current_user
        || ' may not create a schema in this database, which its first dbt build does.',
        'As its owner: grant create on database ' || quote_ident(current_database()) || ' to '
        || quote_ident(current_user) || ';'
    from asking
    where
        builds
        and not has_database_privilege(current_database(), 'create')
        and not exists (select from pg_catalog.pg_class where relname = 'rpt_wallet_build')
)

select * from findings
union all
select
    'ok',
    case
        when (select builds from asking) then 'The login may read every row of the sources.'
        else 'The functions of the guard may read every row of the sources for this login.'
    end,
    null
from sources
where not exists (select from findings)
having count(*) > 0
