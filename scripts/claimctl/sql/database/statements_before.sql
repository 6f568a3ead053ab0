-- Grain: one row, calls and time of each statement so far.
select coalesce(
    jsonb_object_agg(
        userid || ' ' || queryid || ' ' || toplevel, jsonb_build_array(calls, total_exec_time)
    ),
    '{{}}'
) as counts
from {recorder}.pg_stat_statements
where
    dbid = (select oid from pg_catalog.pg_database where datname = current_database())
    and queryid is not null
