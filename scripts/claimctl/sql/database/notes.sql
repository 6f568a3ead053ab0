-- Grain: one row a thing that this login, or this server, cannot show, and what would show it.
select
    'This login may not see what ' || count(*)
    || ' sessions of other logins do, nor their statements. A member of '
    || 'pg_read_all_stats sees it; as a superuser: grant pg_read_all_stats to '
    || quote_ident(current_user) || ';' as sentence
from pg_catalog.pg_stat_activity
where
    datname = current_database() and pid <> pg_backend_pid()
    and not pg_has_role('pg_read_all_stats', 'usage') and not pg_has_role(usesysid, 'usage')
having count(*) > 0
union all
select
    'Nothing records statements. As a superuser: create extension pg_stat_statements; '
    || 'with pg_stat_statements in shared_preload_libraries, which needs a restart.'
where not %(is_recorded)s::boolean
union all
select 'There is no latency by the minute: no schema holds int_claim_requests. Run dbt build.'
where not %(is_built)s::boolean
union all
select
    'This login may not read the models, and sees no latency by the minute. '
    || 'A member of claim_reader does; as a superuser: grant claim_reader to '
    || quote_ident(current_user) || ';'
where %(is_built)s::boolean and not %(is_readable)s::boolean
