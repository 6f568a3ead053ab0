-- Grain: one row a session of this database, and a prepared transaction, that is in a transaction,
-- waits, is waited for or is hidden from this login; who holds up most others comes first. Idle
-- sessions are only counted.
with

sessions as (
    select
        pid,
        usename::text as login,
        application_name as application,
        coalesce(state, 'hidden') as state,
        xact_start,
        state_change,
        wait_event_type || ': ' || wait_event as waits_for,
        query as statement,
        pg_blocking_pids(pid) as blocked_by,
        coalesce(
            pg_has_role(usesysid, 'usage')
            or (pg_has_role('pg_signal_backend', 'usage') and not superusers.rolsuper), false
        ) as is_endable
    from pg_catalog.pg_stat_activity
    left join pg_catalog.pg_roles as superusers on usesysid = superusers.oid
    where datname = current_database()
        -- The server hides it with the state of another role's session.
        and coalesce(backend_type, 'client backend') in ('client backend', 'autovacuum worker')
        and pid <> pg_backend_pid()
    union all
    select
        0, owner::text, 'prepared transaction ' || gid, 'prepared', prepared, prepared, null, null,
        array[]::integer[], pg_has_role(owner, 'usage')
    from pg_catalog.pg_prepared_xacts
    where database = current_database()
),

linked as (
    select
        *,
        array(
            select others.pid from sessions as others
            where sessions.pid = any(others.blocked_by)
            order by others.pid
        ) as blocks
    from sessions
)

select
    pid,
    login,
    application,
    state,
    round(extract(epoch from statement_timestamp() - xact_start))::integer as transaction_seconds,
    round(extract(epoch from statement_timestamp() - state_change))::integer as state_seconds,
    waits_for,
    blocks,
    array(select distinct blocker from unnest(blocked_by) as blocker order by blocker)
        as blocked_by,
    is_endable,
    case
        when state <> 'hidden'
            then nullif(left(regexp_replace(statement, '\s+', ' ', 'g'), 200), '')
    end as statement
from linked
where
    state = 'hidden'
    or xact_start is not null
    or state <> 'idle'
    or cardinality(blocked_by) > 0
    or cardinality(blocks) > 0
order by cardinality(blocks) desc, xact_start asc nulls last, pid asc
