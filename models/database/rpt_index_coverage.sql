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

matching as (
    {{ claim_reconciliation.indexes_for_needs('needed', 'tables', 'indexes') | indent(4) }}
),

covering as (
    {{ claim_reconciliation.redundant_indexes('indexes') | indent(4) }}
),

needed_ones as (
    select
        relation as table_name,
        coalesce(index_name, {{ claim_reconciliation.new_index_name() | indent(8) }}) as index_name,
        array_to_string(keys, ', ') as index_keys,
        case
            when is_valid then 'present'
            when is_being_built then 'building'
            when index_id is null then 'missing'
            else 'invalid'
        end as status,
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
        case
            when indexes.is_being_built then 'building'
            when covering.index_name <> '' then 'redundant'
            when indexes.scans = 0 then 'unused'
            else 'other'
        end as status,
        'covered by ' || covering.index_name as reason,
        indexes.scans,
        case
            when covering.index_name <> '' and not coalesce(indexes.is_being_built, false)
                then 'drop index concurrently ' || indexes.index_relation || ';'
        end as ddl
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
