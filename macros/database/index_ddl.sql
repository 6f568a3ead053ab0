{% macro new_index_name() %}
    {#- A name for an index that is missing or invalid,
        with another ending where something else has it already. -#}
    left(source || '_' || name_part, 55)
    || case when is_unique then '_key' else '_idx' end
    || case
        -- By the catalogs, because to_regclass is an error to a reader
        -- who may not use the schema.
        when exists (
            select from pg_catalog.pg_class as taken
            inner join pg_catalog.pg_namespace as place
                on taken.relnamespace = place.oid
            where
                quote_ident(place.nspname) = split_part(relation, '.', 1)
                and taken.relname = left(source || '_' || name_part, 55)
                || case when is_unique then '_key' else '_idx' end
                and taken.oid::bigint <> coalesce(index_id, 0)
        ) then '_2'
        else ''
    end
{%- endmacro %}


{% macro create_index_ddl() %}
    {#- What makes a needed index, where it is not there: beside live traffic, but for a partitioned
        table, which allows only the other way. An invalid one goes first. Null where partitions
        allow none. -#}
case
    when is_unique
        and {{ claim_reconciliation.is_partitioned_otherwise('relation', 'keys[1]') | indent(4) }}
        then null
    when is_valid is not true and not is_being_built
        then coalesce('drop index concurrently ' || index_relation || '; ', '')
            || 'create ' || case when is_unique then 'unique ' else '' end || 'index '
            || case when table_kind = 'r' then 'concurrently ' else '' end
            || quote_ident(
                {{ claim_reconciliation.new_index_name() | indent(12) }}
            )
            || ' on ' || relation || ' (' || array_to_string(keys, ', ') || ');'
end
{%- endmacro %}


{% macro create_index_advice() %}
    {#- The same, or why no statement makes it. -#}
coalesce({{ claim_reconciliation.create_index_ddl() }}, case
    when not is_being_built
        then format(
            {{ claim_reconciliation.no_key_of_partitions() | indent(8) }},
            relation, keys[1]
        ) || '.'
end)
{%- endmacro %}


{% macro redundant_indexes(indexes) %}
    {#- A query for the indexes that another one makes needless: its keys begin with theirs, and it
        is there for good. Unique ones and those of constraints are kept. -#}
select distinct on (redundant.index_id)
    redundant.index_id as redundant_id,
    others.index_name
from {{ indexes }} as redundant
inner join {{ indexes }} as others
    on redundant.source = others.source
    and redundant.index_id <> others.index_id
    and redundant.keys = others.keys[1:cardinality(redundant.keys)]
where not redundant.is_unique
    and redundant.is_being_built is not true
    and not redundant.is_constraint
    and not redundant.is_partial
    and not others.is_partial
    and others.is_valid
    and (
        cardinality(others.keys) > cardinality(redundant.keys)
        or others.is_unique
        or others.index_id < redundant.index_id
    )
order by redundant.index_id, others.is_unique desc, others.index_id
{%- endmacro %}


{% macro is_partitioned_otherwise(relation, column) %}
    {#- Whether a table is partitioned by more or others than this column:
        it cannot have a unique index on it alone. -#}
    exists(
        select from pg_catalog.pg_partitioned_table as partitioned
        inner join pg_catalog.pg_class as parents on partitioned.partrelid = parents.oid
        inner join pg_catalog.pg_namespace as places
            on parents.relnamespace = places.oid
        left join pg_catalog.pg_attribute as by_column
            on parents.oid = by_column.attrelid
            and partitioned.partattrs[0] = by_column.attnum
        where
            quote_ident(places.nspname) || '.' || quote_ident(parents.relname)
            = {{ relation }}
            and (
                partitioned.partnatts > 1
                or quote_ident(by_column.attname) is distinct from {{ column }}
            )
    )
{%- endmacro %}


{% macro no_key_of_partitions() %}
    {#- What to do about it, a format of the table and the column. -#}
    'PostgreSQL has no unique index on %2$s over partitions of %1$s by another '
    'column: partition it by hash (%2$s), or leave missing claims to the service; '
    'claimctl plan wallets works without it'
{%- endmacro %}
