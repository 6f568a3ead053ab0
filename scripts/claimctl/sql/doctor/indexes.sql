with

columns as (
    select *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, name text, column_name text, table_name text, relation text, table_id oid, table_kind text,
        column_number int2
    )
),

-- The macro needed_indexes has the same list for the model rpt_index_coverage; a test compares the two.
needed (source, names, is_unique, reason) as (
    values
    ('purchase_claims', array['tx_id'], true, 'a retried claim may count twice'),
    ('user_wallet_balances', array['user_id'], true, 'a user may get two wallets'),
    ('purchase_claims', array['user_id', 'sku', 'claimed_at'], false, 'each cap check reads the whole table'),
    ('audit_purchases', array['tx_id'], false, 'a recovery reads the whole table for each line'),
    ('audit_purchases', array['user_id'], false, 'a repair that takes an excess reads the whole table in each batch'),
    ('function_metrics', array['timestamp'], false, 'each look at the alerts reads the whole table')
),

resolved as (
    select
        needed.names,
        needed.is_unique,
        needed.reason,
        columns.table_name,
        columns.relation,
        columns.table_id,
        columns.table_kind,
        array_agg(columns.column_number order by array_position(needed.names, columns.name)) as column_numbers,
        string_agg(quote_ident(columns.column_name), ', ' order by array_position(needed.names, columns.name))
            as column_list,
        string_agg(columns.column_name, '_' order by array_position(needed.names, columns.name)) as name_part
    from needed
    inner join columns on needed.source = columns.source and columns.name = any(needed.names)
    where columns.table_kind in ('r', 'p')
    group by 1, 2, 3, 4, 5, 6, 7
    having count(columns.column_number) = cardinality(needed.names)
),

-- A partial index leaves rows out, and a unique one over more columns does not make the fewer unique.
matching as (
    select
        resolved.*,
        bool_or(pg_index.indisvalid) as is_valid,
        min(pg_index.indexrelid::regclass::text) filter (where not pg_index.indisvalid) as invalid_index
    from resolved
    left join pg_catalog.pg_index
        on resolved.table_id = pg_index.indrelid
        and pg_index.indpred is null
        and (string_to_array(pg_index.indkey::text, ' ')::int2[])[1:cardinality(resolved.names)]
        = resolved.column_numbers
        and (not resolved.is_unique or (pg_index.indisunique and pg_index.indnkeyatts = cardinality(resolved.names)))
    group by
        resolved.names, resolved.is_unique, resolved.reason, resolved.table_name, resolved.relation,
        resolved.table_id, resolved.table_kind, resolved.column_numbers, resolved.column_list, resolved.name_part
),

findings as (
    select
        case when is_unique then 'error' else 'warning' end as state,
        relation || ' has no ' || case when is_unique then 'unique ' else '' end || 'index on (' || column_list
        || '): ' || reason || '.' as finding,
        coalesce('drop index concurrently ' || invalid_index || '; ', '')
        || 'create ' || case when is_unique then 'unique ' else '' end || 'index '
        || case when table_kind = 'r' then 'concurrently ' else '' end
        || quote_ident(index_name || case when is_taken then '_2' else '' end)
        || ' on ' || relation || ' (' || column_list || ');' as advice
    from matching
    cross join lateral (
        select left(table_name || '_' || name_part, 55) || case when is_unique then '_key' else '_idx' end as index_name
    ) as proposal
    cross join lateral (
        select
            exists (
                select
                from pg_catalog.pg_class
                where pg_class.relname = proposal.index_name
                    and pg_class.relnamespace = (select relnamespace from pg_class as t where t.oid = table_id)
                    and pg_class.oid::regclass::text is distinct from invalid_index
            ) as is_taken
    ) as names
    where is_valid is not true
)

select * from findings
union all
select
    'ok',
    'The ' || count(*) || ' indexes that the service needs are there.',
    null
from matching
where not exists (select from findings)
having count(*) > 0
