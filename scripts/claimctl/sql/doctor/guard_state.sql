-- The guard itself: its rules against those of the project, what is paused or left half applied,
-- and the chain of the journal's last batches. Only its links: verify recomputes what stands in the
-- entries.
with

installed as (
    select
        *,
        -- What was found, not the var, which may be null.
        sources || settings as vars
    from claim_ops.settings
),

links as (
    select
        position,
        previous_hash,
        lag(position) over (order by position) as position_before,
        lag(hash) over (order by position) as hash_before
    from (
        select * from claim_ops.journal_batches
        order by position desc
        limit 1000
    ) as last_batches
),

-- What somebody gave since, or another installer's default privileges: install_guard takes it away.
strangers as (
    select distinct
        coalesce(pg_roles.rolname, 'public') as grantee, lower(rights.privilege_type) as privilege
    from (
        select nspacl as acl, nspowner as owner
        from pg_catalog.pg_namespace
        where nspname = 'claim_ops'
        union all
        select relacl, relowner
        from pg_catalog.pg_class
        where relnamespace = 'claim_ops'::regnamespace
        union all
        select attacl, relowner
        from pg_catalog.pg_attribute
        inner join pg_catalog.pg_class on pg_attribute.attrelid = pg_class.oid
        where relnamespace = 'claim_ops'::regnamespace
        union all
        select proacl, proowner
        from pg_catalog.pg_proc
        where pronamespace = 'claim_ops'::regnamespace
    ) as objects
    cross join aclexplode(objects.acl) as rights
    left join pg_catalog.pg_roles on rights.grantee = pg_roles.oid
    where
        rights.grantee <> objects.owner
        and coalesce(pg_roles.rolname, 'public') not in (
            'claim_owner', 'claim_guard', 'claim_writer', 'claim_reader', 'claim_planner',
            'claim_approver', 'claim_applier', 'claim_alerter'
        )
),

-- Logins that could write past the functions, by a role of PostgreSQL or of the guard.
bypasses as (
    select logins.rolname as login, roles.rolname as role
    from pg_catalog.pg_roles as logins
    inner join pg_catalog.pg_roles as roles
        on roles.rolname in ('claim_owner', 'claim_guard', 'claim_writer', 'pg_write_all_data')
    where
        logins.rolcanlogin
        and not logins.rolsuper
        and pg_has_role(
            logins.oid, roles.oid,
            -- A role's creator is a member that may only grant it.
            case
                when current_setting('server_version_num')::integer >= 160000 then 'usage, set'
                else 'member'
            end
        )
),

unread as (
    select
        pg_roles.rolname as role, pg_class.relname as model,
        pg_get_userbyid(pg_class.relowner) as builder
    from installed
    inner join pg_catalog.pg_namespace on installed.models_schema = pg_namespace.nspname
    inner join pg_catalog.pg_class on pg_namespace.oid = pg_class.relnamespace
    inner join pg_catalog.pg_roles on pg_roles.rolname in ('claim_guard', 'claim_reader')
    where
        pg_class.relkind in ('r', 'v', 'm')
        and pg_class.relname ~ '^(rpt|fct|int)_'
        and not (
            has_table_privilege(pg_roles.oid, pg_class.oid, 'select')
            and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')
        )
),

findings as (
    select
        'error' as state,
        grantee || ' has rights on the guard that install_guard did not give: '
        || string_agg(privilege, ', ' order by privilege) || '.' as finding,
        'Take them away: dbt run-operation install_guard.' as advice
    from strangers
    group by grantee
    union all
    select
        'warning',
        login || ' can write past the guard, as a member of '
        || string_agg(role, ', ' order by role) || '.',
        'As a superuser: revoke ' || string_agg(role, ', ' order by role) || ' from '
        || quote_ident(login) || ';'
    from bypasses
    group by login
    union all
    select
        'error',
        role || ' may not read ' || min(model)
        || case when count(*) > 1 then ' and ' || count(*) - 1 || ' other models' else '' end
        || ': plans and alerts fail.',
        'As ' || min(builder) || ', who built them: dbt build.'
    from unread
    group by role
    union all
    select
        'error' as state,
        'The guard has version ' || version || ', this claimctl speaks to ' || %(version)s
        || '.' as finding,
        'Install the same release of both and run dbt run-operation install_guard.' as advice
    from installed
    where version <> %(version)s
    union all
    select
        'warning',
        'The guard was installed with ' || setting.key || ' = ' || setting.value
        || ', the project says '
        || coalesce((%(settings)s::jsonb -> setting.key)::text, 'nothing') || '.',
        'Run dbt build, then dbt run-operation install_guard.'
    from installed
    cross join jsonb_each(installed.vars) as setting
    where setting.value is distinct from %(settings)s::jsonb -> setting.key
    union all
    select
        'error',
        'Plan ' || plan_id || ' was applied without an approval by ' || by || ': ' || reason || '.',
        'As a login that neither made nor applied it: claimctl approve ' || plan_id || '.'
    from claim_ops.unapproved_break_glass
    union all
    select
        'warning',
        'The guard reads the models in ' || models_schema || ', not in ' || %(models_schema)s::text
        || '.',
        'Choose that schema by --models-schema, or move the guard: '
        || 'dbt run-operation install_guard --args ''{{repoint: true}}''.'
    from installed
    where models_schema <> %(models_schema)s::text
    union all
    select
        'warning',
        'Applies are paused by ' || changed_by || ' since '
        || to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') || ': '
        || coalesce(reason, 'no reason') || '.',
        'When it is over: claimctl resume.'
    from claim_ops.control
    where is_paused
    union all
    select
        'warning',
        'Single-operator mode is on: the maker of a plan may approve it.',
        'As a member of claim_owner: '
        || 'select claim_ops.set_single_operator(false, ''two of us again'');'
    from claim_ops.control
    where is_single_operator
    union all
    select
        'warning',
        'Plan ' || plan_id || ' was not applied to its end before its time was over.',
        'Look: claimctl show ' || plan_id
        || '; then plan the rest anew: claimctl plan wallets; or go back: claimctl rollback '
        || plan_id || '.'
    from claim_ops.plans
    inner join claim_ops.plan_states using (plan_id)
    where plans.state = 'applying' and plan_states.is_past_its_time
    union all
    select
        'info',
        string_agg('Plan ' || plan_id, ', ' order by plan_id) || ': the time to apply is over.',
        'Make another plan: claimctl plan wallets.'
    from claim_ops.plans
    inner join claim_ops.plan_states using (plan_id)
    where plans.state <> 'applying' and plan_states.is_past_its_time
    having count(*) > 0
    union all
    select
        'error',
        'Somebody changed the guard: ' || string_agg(name || ' ' || problem, ', ' order by name)
        || '.',
        'Find out who (he has the owner''s rights), then make it anew: '
        || 'dbt run-operation install_guard.'
    from claim_ops.check_objects()
    having count(*) > 0
    union all
    select
        'error',
        'Plan ' || plan_id || ' was changed past the guard: ' || problem || '.',
        'Find out who (he has the owner''s rights), and do not apply it: claimctl reject '
        || plan_id || '.'
    from claim_ops.plan_problems
    union all
    select
        'error',
        'The chain of the journal is broken at position ' || min(position) || '.',
        'Somebody with the owner''s rights changed it: find out who, and verify the last plans: '
        || 'claimctl verify.'
    from links
    where position <> position_before + 1 or previous_hash <> hash_before
    having count(*) > 0
)

select * from findings
union all
select
    'ok',
    'The guard (version ' || version || ') was installed at '
    || to_char(installed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') || ' by '
    || installed_by || '.',
    null
from installed
where not exists (select from findings where state <> 'info')
