-- Grain: one row an index of this database that is being built, or that is invalid and that nobody
-- builds. By the catalogs and pg_locks, because the server hides what another login builds.
with

builds as (
    select
        progress.pid,
        progress.phase,
        coalesce(progress.relid::bigint, locks.relation::bigint) as table_id,
        nullif(progress.index_relid::bigint, 0) as index_id,
        progress.blocks_done,
        progress.blocks_total,
        pg_blocking_pids(progress.pid) as blocked_by
    from pg_catalog.pg_stat_progress_create_index as progress
    left join lateral (
        select pg_locks.relation
        from pg_catalog.pg_locks
        inner join pg_catalog.pg_class on pg_locks.relation = pg_class.oid
        where
            pg_locks.pid = progress.pid
            and pg_locks.database = (
                select oid from pg_catalog.pg_database where datname = current_database()
            )
            and pg_class.relkind in ('r', 'm', 'p')
            and pg_locks.mode in ('ShareLock', 'ShareUpdateExclusiveLock')
        limit 1
    ) as locks on true
    where progress.datname = current_database()
),

invalid as (
    select
        indexrelid::bigint as index_id,
        indrelid::bigint as table_id
    from pg_catalog.pg_index
    where not indisvalid
),

indexes as (
    select
        coalesce(builds.index_id, invalid.index_id) as index_id,
        coalesce(builds.table_id, invalid.table_id) as table_id,
        builds.pid,
        builds.phase,
        case
            when builds.blocks_total > 0
                then (100 * builds.blocks_done / builds.blocks_total)::integer
        end as percent,
        builds.blocked_by
    from builds
    full outer join invalid
        on builds.table_id = invalid.table_id
        and coalesce(builds.index_id, invalid.index_id) = invalid.index_id
)

select
    tables.oid::regclass::text as table_name,
    quote_ident(schemas.nspname) || '.' || quote_ident(names.relname) as index_name,
    case when indexes.pid is not null then 'being built' else 'invalid' end as state,
    indexes.pid,
    indexes.phase,
    indexes.percent,
    coalesce(indexes.blocked_by, array[]::integer[]) as blocked_by,
    case
        when cardinality(indexes.blocked_by) > 0
            then 'It waits for the transactions of ' || array_to_string(indexes.blocked_by, ', ')
                || ', older than itself. Until they end it is invalid; leave it alone.'
        when indexes.pid is not null
            then 'Until it ends it is invalid, and no query uses it; leave it alone.'
        else 'A build failed or was ended, and no query uses it. As its owner: '
            || 'drop index concurrently '
            || quote_ident(schemas.nspname) || '.' || quote_ident(names.relname)
            || ', and create it again.'
    end as meaning
from indexes
left join pg_catalog.pg_class as tables on indexes.table_id = tables.oid::bigint
left join pg_catalog.pg_class as names on indexes.index_id = names.oid::bigint
left join pg_catalog.pg_namespace as schemas on names.relnamespace = schemas.oid
order by state, index_name
