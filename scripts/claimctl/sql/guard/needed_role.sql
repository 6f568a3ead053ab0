-- Which role of the guard a login lacks for what was denied to it, and the logins that have it. By
-- the catalogs, which every login may read. What is no function of the guard is read, and every
-- role of the guard reads.
with

needed as (
    select roles.oid, roles.rolname
    from pg_catalog.pg_proc
    inner join pg_catalog.pg_namespace on pg_proc.pronamespace = pg_namespace.oid
    cross join aclexplode(pg_proc.proacl) as rights
    inner join pg_catalog.pg_roles as roles on rights.grantee = roles.oid
    where pg_namespace.nspname = 'claim_ops'
        and pg_proc.proname = %(function)s::text
        and roles.rolname in (
            'claim_planner', 'claim_approver', 'claim_applier', 'claim_alerter', 'claim_reader'
        )
    union all
    select oid, rolname
    from pg_catalog.pg_roles
    where rolname = 'claim_reader' and %(function)s::text is null
    order by rolname
    limit 1
)

select
    needed.rolname as role,
    current_user as login,
    (
        select string_agg(logins.rolname, ', ' order by logins.rolname)
        from pg_catalog.pg_roles as logins
        where
            logins.rolcanlogin
            and not logins.rolsuper
            and pg_has_role(logins.oid, needed.oid, 'usage')
    ) as holders,
    'grant ' || needed.rolname || ' to ' || quote_ident(current_user)
    -- A login that created the role is a member that inherits nothing,
    -- and stays so unless the grant says otherwise.
    || case
        when current_setting('server_version_num')::integer >= 160000 then ' with inherit true'
        else ''
    end as advice
from needed
