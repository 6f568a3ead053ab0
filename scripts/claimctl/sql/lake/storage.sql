-- Grain: one row a table. In which files its rows lie, and over how many blocks: of partitions,
-- the most.
select
    tables.table_id::bigint as table_id,
    max(pg_relation_size(leaves.relid) / current_setting('block_size')::bigint) as blocks,
    -- Another file: VACUUM FULL or CLUSTER wrote the rows anew,
    -- and a row's place means something else.
    array_agg(pg_relation_filenode(leaves.relid)::bigint order by leaves.relid) as files
from unnest(%(table_ids)s::oid[]) as tables (table_id)
cross join lateral (
    -- Of a table without partitions the tree is empty.
    select tables.table_id as relid
    union
    select tree.relid
    from pg_catalog.pg_partition_tree(tables.table_id::regclass) as tree
) as leaves
group by tables.table_id
order by tables.table_id
