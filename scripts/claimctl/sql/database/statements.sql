-- Grain: one row a statement that ended since the counts were taken, by the time that it took;
-- ten at most.
with

statements as (
    select
        query,
        calls,
        total_exec_time,
        coalesce(
            (%(before)s::jsonb -> (userid || ' ' || queryid || ' ' || toplevel) ->> 0)::bigint, 0
        ) as calls_before,
        coalesce(
            (
                %(before)s::jsonb -> (userid || ' ' || queryid || ' ' || toplevel) ->> 1
            )::double precision,
            0
        ) as time_before
    from {recorder}.pg_stat_statements
    where
        dbid = (select oid from pg_catalog.pg_database where datname = current_database())
        and queryid is not null
)

select
    left(regexp_replace(query, '\s+', ' ', 'g'), 200) as statement,
    calls - calls_before as calls,
    round(((total_exec_time - time_before) / (calls - calls_before))::numeric, 1) as mean_ms,
    round((time_before / nullif(calls_before, 0))::numeric, 1) as mean_ms_before
from statements
where calls > calls_before and strpos(query, 'pg_stat_statements') = 0
order by total_exec_time - time_before desc
limit 10
