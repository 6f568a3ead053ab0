{{ config(materialized='replaced_view') }}
-- Grain: one row a table of the claim service, as the server last recorded it: asking for the present size waits for
-- whoever locks the table.
with

tables as (
    {{ claim_reconciliation.server_tables() | indent(4) }}
),

final as (
    select
        tables.source,
        tables.relation,
        pg_class.relkind::text as table_kind,
        stats.n_live_tup as live_rows,
        stats.n_dead_tup as dead_rows,
        pg_class.relpages as pages,
        pg_class.relallvisible as all_visible_pages,
        pg_class.relpages * current_setting('block_size')::bigint as bytes,
        case when pg_class.relfrozenxid <> '0' then age(pg_class.relfrozenxid) end as transaction_age,
        greatest(stats.last_vacuum, stats.last_autovacuum) as vacuumed_at,
        greatest(stats.last_analyze, stats.last_autoanalyze) as analyzed_at
    from tables
    inner join pg_catalog.pg_class on tables.table_id = pg_class.oid
    left join pg_catalog.pg_stat_all_tables as stats on tables.table_id = stats.relid
)

select * from final
