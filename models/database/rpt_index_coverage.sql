{{ config(materialized='replaced_view') }}
-- Grain: one row an index that is needed, present or not, and one each other index of those tables.
with

needed as (
    {{ claim_reconciliation.needed_indexes() | indent(4) }}
),

tables as (
    select * from {{ ref('stg_server__tables') }}
),

indexes as (
    select * from {{ ref('stg_server__indexes') }}
),

-- A partial index leaves rows out, and a unique one over more columns does not make the fewer unique.
matching as (
    select
        needed.*,
        tables.relation,
        tables.table_kind,
        indexes.index_id,
        indexes.index_name,
        indexes.index_relation,
        indexes.is_valid,
        indexes.scans,
        row_number() over (
            partition by needed.source, needed.keys order by (indexes.is_valid is true)::int desc, indexes.index_id desc
        ) as rank
    from needed
    inner join tables on needed.source = tables.source
    left join indexes
        on
            needed.source = indexes.source
            and not indexes.is_partial
            and needed.keys = indexes.keys[1:cardinality(needed.keys)]
            and (not needed.is_unique or (indexes.is_unique and needed.keys = indexes.keys))
),

covering as (
    {{ claim_reconciliation.redundant_indexes('indexes') | indent(4) }}
),

needed_ones as (
    select
        relation as table_name,
        coalesce(index_name, {{ claim_reconciliation.new_index_name() | indent(8) }}) as index_name,
        array_to_string(keys, ', ') as index_keys,
        case when is_valid then 'present' when index_id is null then 'missing' else 'invalid' end as status,
        reason,
        scans,
        {{ claim_reconciliation.create_index_ddl() | indent(8) }} as ddl
    from matching
    where rank = 1
),

other_ones as (
    select
        indexes.relation as table_name,
        indexes.index_name,
        array_to_string(indexes.keys, ', ') as index_keys,
        case when covering.index_name <> '' then 'redundant' when indexes.scans = 0 then 'unused' else 'other' end
            as status,
        'covered by ' || covering.index_name as reason,
        indexes.scans,
        case when covering.index_name <> '' then 'drop index concurrently ' || indexes.index_relation || ';' end as ddl
    from indexes
    left join covering on indexes.index_id = covering.redundant_id
    left join matching on indexes.index_id = matching.index_id and matching.rank = 1
    where matching.index_id is null
),

final as (
    select * from needed_ones
    union all
    select * from other_ones
)

select * from final
