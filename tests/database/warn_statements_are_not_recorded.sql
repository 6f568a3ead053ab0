-- Without pg_stat_statements nobody can say which statements are slow: rpt_slow_statements is empty
-- then. Those of other logins are hidden from a login that builds and may not read statistics.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_slow_statements') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select 'pg_stat_statements is not installed in this database, or not loaded' as finding
where
    not exists (
        select from pg_catalog.pg_extension
        where extname = 'pg_stat_statements'
    )
    or current_setting('pg_stat_statements.max', true) is null
union all
select
    current_user || ' sees no statements of other logins: grant pg_read_all_stats to '
    || quote_ident(current_user) || ';'
where not pg_has_role('pg_read_all_stats', 'usage')
