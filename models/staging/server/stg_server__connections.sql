{{ config(materialized='replaced_view') }}
-- Grain: one row a client's connection to this database, without the one that reads.
select
    pid,
    state,
    wait_event_type,
    xact_start as transaction_started_at,
    state_change as state_changed_at,
    cardinality(pg_blocking_pids(pid)) > 0 as is_blocked
from pg_catalog.pg_stat_activity
where
    datname = current_database()
    -- The server hides it with the state of another role's connections, which count all the same.
    and coalesce(backend_type, 'client backend') = 'client backend'
    and pid <> pg_backend_pid()
