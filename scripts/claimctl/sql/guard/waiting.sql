-- One row, asked before a batch commits: how many sessions wait for its locks,
-- and the longest wait.
with

locks as materialized (
    select
        pg_locks.pid,
        pg_locks.granted,
        pg_locks.locktype,
        pg_locks.relation,
        pg_locks.waitstart
    from pg_catalog.pg_locks
    where not pg_locks.granted or pg_locks.locktype = 'tuple'
)

select
    count(distinct waits.pid) as sessions,
    coalesce(
        round(1000 * extract(epoch from clock_timestamp() - min(waits.waitstart)), 1), 0
    )::float8 as longest_ms
from locks as waits
where not waits.granted
    and pg_backend_pid() = any(pg_blocking_pids(waits.pid))
    -- Another applier, which waits for its turn in the journal's chain,
    -- is no writer of the service.
    and not exists (
        select 1 from locks as held
        where held.pid = waits.pid
            and held.locktype = 'tuple'
            and held.relation = 'claim_ops.locks'::regclass
    )
