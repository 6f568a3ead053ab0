-- A small table is read as fast whatever its state. The size is what is recorded, because asking for the present one
-- waits for whoever locks the table.
with

tables as (
    select distinct
        columns.source,
        columns.relation,
        columns.table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, relation text, table_id oid, table_kind text, is_read boolean
    )
    where columns.is_read
        and columns.table_kind = 'r'
        and columns.source in ('purchase_claims', 'user_wallet_balances')
),

measured as (
    select
        tables.source,
        tables.relation,
        stats.n_dead_tup::numeric / nullif(stats.n_live_tup + stats.n_dead_tup, 0) as dead_share,
        pg_class.relallvisible::numeric / nullif(pg_class.relpages, 0) as all_visible_share,
        greatest(stats.last_vacuum, stats.last_autovacuum) as vacuumed_at,
        greatest(stats.last_analyze, stats.last_autoanalyze) as analyzed_at,
        -- Negative: neither vacuumed nor analyzed since the table was made.
        pg_class.reltuples < 0 as is_unknown,
        pg_class.relpages > 1000 or stats.n_live_tup > 100000 as is_large
    from tables
    inner join pg_catalog.pg_class on tables.table_id = pg_class.oid
    inner join pg_catalog.pg_stat_all_tables as stats on tables.table_id = stats.relid
),

findings as (
    select
        'warning' as state,
        case
            when is_unknown then relation || ' was never vacuumed or analyzed: queries are planned blindly.'
            when dead_share > 0.2
                then round(100 * dead_share) || ' %% of the rows of ' || relation || ' are dead.'
            else
                'Only ' || round(100 * coalesce(all_visible_share, 0)) || ' %% of the pages of ' || relation
                || ' are known to be all visible: reading claims by their index costs a third more.'
        end as finding,
        'vacuum (analyze) ' || relation || ';' as advice
    from measured
    where is_large
        and (is_unknown or dead_share > 0.2 or (source = 'purchase_claims' and coalesce(all_visible_share, 0) < 0.5))
)

select * from findings
union all
select
    'ok',
    relation || ': ' || round(100 * coalesce(dead_share, 0)) || ' %% dead rows, last vacuum '
    || coalesce(to_char(vacuumed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown') || ', last analyze '
    || coalesce(to_char(analyzed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown') || '.',
    null
from measured
where not exists (select from findings)
