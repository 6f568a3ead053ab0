-- Grain: one row, how many sessions of this database sleep between transactions,
-- and what the server allows.
select
    count(*) filter (where datname = current_database() and state = 'idle')::integer
        as idle_sessions,
    count(*) filter (where coalesce(backend_type, 'client backend') = 'client backend')::integer
        as connections,
    current_setting('max_connections')::integer as max_connections
from pg_catalog.pg_stat_activity
where pid <> pg_backend_pid()
