-- What the catalogs tell of the guard to every login: whether it is there,
-- and who could go around it.
with

-- By the catalogs, because to_regclass is an error to a login that may not use the schema.
guard as (
    select
        count(*) > 0 as is_installed,
        coalesce(
            bool_and(
                has_schema_privilege(pg_namespace.oid, 'usage')
                and has_table_privilege(pg_class.oid, 'select')
            ),
            false
        ) as is_readable
    from pg_catalog.pg_namespace
    inner join pg_catalog.pg_class on pg_namespace.oid = pg_class.relnamespace
    where pg_namespace.nspname = 'claim_ops' and pg_class.relname = 'plans'
),

approver as (
    select oid
    from pg_catalog.pg_roles
    where rolname = 'claim_approver'
),

logins as (
    select
        pg_roles.rolname as login,
        pg_roles.rolsuper as is_superuser,
        pg_roles.rolcreaterole as may_create_roles,
        pg_has_role(pg_roles.oid, 'claim_planner', 'member')
        and pg_has_role(pg_roles.oid, approver.oid, 'member')
            as is_planner_and_approver,
        pg_has_role(pg_roles.oid, approver.oid, 'member with admin option') as may_grant_approval
    from pg_catalog.pg_roles
    cross join approver
    cross join guard
    where pg_roles.rolcanlogin and guard.is_readable
)

select
    'info' as state,
    'The guard is not installed: nothing can be repaired yet.' as finding,
    'Run dbt run-operation install_guard.' as advice
from guard
where not is_installed
union all
select
    'warning',
    'The login ' || current_user || ' may not look at the guard in the schema claim_ops.',
    'As a superuser: grant claim_reader to ' || quote_ident(current_user) || ';'
from guard
where is_installed and not is_readable
union all
select
    'info',
    string_agg(login, ', ' order by login)
    || ' may grant claim_approver: who can use such a login can make '
    || 'a second one that approves.',
    'Where it is not needed: revoke admin option for claim_approver from the login;'
from logins
where may_grant_approval and not is_superuser
having count(*) > 0
union all
select
    'info',
    string_agg(login, ', ' order by login)
    || ' may create logins (CREATEROLE): two logins need not be two people.',
    'Keep it from logins that plan or approve.'
from logins
where may_create_roles and not is_superuser
having count(*) > 0
union all
select
    'info',
    string_agg(login, ', ' order by login)
    || ' may plan and approve, each the plans of others only.',
    null
from logins
where is_planner_and_approver and not is_superuser
having count(*) > 0
union all
select
    'info',
    'Superusers stand above the guard: ' || string_agg(login, ', ' order by login)
    || '. Its journal shows what they did to it, and prevents nothing.',
    'Keep the head of the journal that claimctl verify prints outside this database.'
from logins
where is_superuser
having count(*) > 0
