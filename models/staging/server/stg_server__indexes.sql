{{ config(materialized='replaced_view') }}
-- Grain: one row an index of one of the claim service's tables. Keys are written as PostgreSQL writes them in DDL.
with

tables as (
    {{ claim_reconciliation.server_tables() | indent(4) }}
),

final as (
    select
        tables.source,
        tables.relation,
        pg_index.indexrelid::bigint as index_id,
        index_names.relname::text as index_name,
        quote_ident(schemas.nspname) || '.' || quote_ident(index_names.relname) as index_relation,
        array(
            select pg_get_indexdef(pg_index.indexrelid, key_number, true)
            from generate_series(1, pg_index.indnkeyatts) as key_number
            order by key_number
        ) as keys,
        pg_index.indisunique as is_unique,
        pg_index.indisvalid as is_valid,
        pg_index.indpred is not null as is_partial,
        exists(
            select from pg_catalog.pg_constraint as constraints
            where constraints.conindid = pg_index.indexrelid
        ) as is_constraint,
        coalesce(pg_stat_get_numscans(pg_index.indexrelid), 0) as scans,
        index_names.relpages * current_setting('block_size')::bigint as bytes
    from tables
    inner join pg_catalog.pg_index on tables.table_id = pg_index.indrelid
    inner join pg_catalog.pg_class as index_names on pg_index.indexrelid = index_names.oid
    inner join pg_catalog.pg_namespace as schemas on index_names.relnamespace = schemas.oid
    inner join pg_catalog.pg_am on index_names.relam = pg_am.oid
    where pg_am.amname = 'btree'
)

select * from final
