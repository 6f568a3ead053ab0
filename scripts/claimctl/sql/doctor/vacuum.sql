-- Written by `make generate` from the macro doctor_vacuum: change that.
with

tables as (
    select distinct source, relation, table_id
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, relation text, table_id oid, table_kind text
    )
    where table_kind in ('r', 'p')
),

states as (
    select
        tables.source,
        tables.relation,
        pg_class.relkind::text as table_kind,
        stats.n_live_tup as live_rows,
        stats.n_dead_tup as dead_rows,
        pg_class.relpages as pages,
        pg_class.relallvisible as all_visible_pages,
        pg_class.relpages * current_setting('block_size')::bigint as bytes,
        case when pg_class.relfrozenxid <> '0' then age(pg_class.relfrozenxid) end
            as transaction_age,
        greatest(stats.last_vacuum, stats.last_autovacuum) as vacuumed_at,
        greatest(stats.last_analyze, stats.last_autoanalyze) as analyzed_at
    from tables as tables
    inner join pg_catalog.pg_class on tables.table_id = pg_class.oid
    left join pg_catalog.pg_stat_all_tables as stats on tables.table_id = stats.relid
),

judged as (
    select
        shares.*,
        case when reason is not null then 'vacuum (analyze) ' || relation || ';' end as advice
    from (
        select
            measured.*,
            case
                when coalesce(
                    transaction_age > current_setting('autovacuum_freeze_max_age')::bigint, false
                )
                    then relation || ' was not frozen for ' || transaction_age
                        || ' transactions: autovacuum does not keep up.'
                when not is_large then null
                when analyzed_at is null
                    then relation || ' was never analyzed: queries are planned blindly.'
                when coalesce(dead_share > 0.2, false)
                    then round((100 * dead_share)::numeric) || ' %% of the rows of ' || relation
                        || ' are dead.'
                when source = 'purchase_claims' and table_kind = 'r'
                    and coalesce(all_visible_share, 0) < 0.5
                    then 'Only ' || round((100 * coalesce(all_visible_share, 0))::numeric)
                        || ' %% of the pages of ' || relation
                        || ' are known to be all visible: '
                        || 'reading claims by their index costs a third more.'
            end as reason
        from (
            select
                *,
                dead_rows::double precision / nullif(live_rows + dead_rows, 0) as dead_share,
                all_visible_pages::double precision / nullif(pages, 0) as all_visible_share,
                pages > 1000 or live_rows > 100000 as is_large
            from states
            where source in ('purchase_claims', 'user_wallet_balances')
        ) as measured
    ) as shares
)

select
    'warning' as state,
    reason as finding,
    advice
from judged
where reason is not null
union all
select
    'ok',
    relation || ': ' || round((100 * coalesce(dead_share, 0))::numeric)
    || ' %% dead rows, last vacuum '
    || coalesce(to_char(vacuumed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown')
    || ', last analyze '
    || coalesce(to_char(analyzed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'unknown')
    || '.',
    null
from judged
where reason is null
