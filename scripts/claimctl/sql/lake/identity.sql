-- One row: what tells this snapshot from every other one, and the time as of which it is.
select
    pg_current_snapshot()::text as visible,
    current_database()::text as database,
    pg_postmaster_start_time()::text as server_started_at,
    now() as as_of
