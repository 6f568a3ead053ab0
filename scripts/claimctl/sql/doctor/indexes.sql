-- Written by `make generate` from the macro doctor_indexes: change that.
with

columns as (
    select *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, name text, relation text, table_id oid, table_kind text, column_number int2,
        base_type text
    )
),

tables as (
    select distinct source, relation, table_id, table_kind
    from columns
    where table_kind in ('r', 'p')
),

listed as (
    select
        list.source,
        array(
            select
                case
                    when list.source = 'function_metrics' and names.name = 'timestamp'
                        and settings.zone is not null
                        then '(' || keys.key || ' AT TIME ZONE ' || quote_literal(settings.zone)
                            || '::text)'
                    else keys.key
                end
            from unnest(list.names) with ordinality as names (name, place)
            cross join lateral (
                select quote_ident(
                    coalesce(settings.columns #>> array[list.source, names.name], names.name)
                ) as key
            ) as keys
            order by names.place
        ) as keys,
        array_to_string(list.names, '_') as name_part,
        list.is_unique,
        list.reason,
        list.names
    from (
        values
        (
            'purchase_claims', array['tx_id'], True,
            'a retried claim may count twice'
        ),
        (
            'user_wallet_balances', array['user_id'], True,
            'a user may get two wallets'
        ),
        (
            'purchase_claims', array['user_id', 'sku', 'claimed_at'], False,
            'each cap check reads the whole table'
        ),
        (
            'audit_purchases', array['tx_id'], False,
            'a recovery reads the whole table for each line'
        ),
        (
            'audit_purchases', array['user_id'], False,
            'a repair that takes an excess reads the whole table in each batch'
        ),
        (
            'function_metrics', array['timestamp'], False,
            'each look at the alerts reads the whole table'
        )
    ) as list (source, names, is_unique, reason)
    cross join (
        select
            (
            select coalesce(
                %(settings)s::jsonb #>> '{{claim_service_time_zones, function_metrics}}',
                %(settings)s::jsonb ->> 'metrics_time_zone'
            )
            from columns
            where source = 'function_metrics' and name = 'timestamp' and base_type = 'timestamp'
        )::text as zone,
            vars -> 'claim_service_columns' as columns
        from (select %(settings)s::jsonb as vars) as given
    ) as settings
),

-- A column that is missing is said once, by its own check.
needed as (
    select * from listed
    where (
        select count(columns.column_number)
        from columns
        where columns.source = listed.source and columns.name = any(listed.names)
    ) = cardinality(listed.names)
),

indexes as (
    select
        tables.source,
        tables.relation,
        pg_index.indexrelid::bigint as index_id,
        index_names.relname::text as index_name,
        quote_ident(schemas.nspname) || '.' || quote_ident(index_names.relname) as index_relation,
        array(
            -- Only an expression has to be asked for, which waits for a lock on the table.
            select coalesce(
                quote_ident(attributes.attname),
                pg_get_indexdef(pg_index.indexrelid, key_number, true)
            )
            from generate_series(1, pg_index.indnkeyatts) as key_number
            left join pg_catalog.pg_attribute as attributes
                on pg_index.indrelid = attributes.attrelid
                and pg_index.indkey[key_number - 1] = attributes.attnum
                and attributes.attnum <> 0
            order by key_number
        ) as keys,
        pg_index.indisunique as is_unique,
        pg_index.indisvalid as is_valid,
        not pg_index.indisvalid and exists(
            select
            from pg_catalog.pg_stat_progress_create_index as builds
            left join pg_catalog.pg_locks as locks
                on builds.pid = locks.pid
                and locks.relation = pg_index.indrelid
                and locks.mode in ('ShareLock', 'ShareUpdateExclusiveLock')
            where
                builds.datname = current_database()
                and (
                    builds.index_relid = pg_index.indexrelid
                    or (builds.index_relid is null and locks.pid is not null)
                )
        ) as is_being_built,
        pg_index.indpred is not null as is_partial,
        exists(
            select from pg_catalog.pg_constraint as constraints
            where constraints.conindid = pg_index.indexrelid
        ) as is_constraint,
        coalesce(pg_stat_get_numscans(pg_index.indexrelid), 0) as scans,
        index_names.relpages * current_setting('block_size')::bigint as bytes
    from tables as tables
    inner join pg_catalog.pg_index on tables.table_id = pg_index.indrelid
    inner join pg_catalog.pg_class as index_names on pg_index.indexrelid = index_names.oid
    inner join pg_catalog.pg_namespace as schemas on index_names.relnamespace = schemas.oid
    inner join pg_catalog.pg_am on index_names.relam = pg_am.oid
    where pg_am.amname = 'btree'
),

matching as (
    select
        needed.*,
        tables.relation,
        tables.table_kind,
        indexes.index_id,
        indexes.index_name,
        indexes.index_relation,
        indexes.is_valid,
        coalesce(indexes.is_being_built, false) as is_being_built,
        indexes.scans,
        row_number() over (
            partition by needed.source, needed.keys
            order by
                (indexes.is_valid is true)::int desc, (indexes.is_being_built is true)::int desc,
                indexes.index_id desc
        ) as rank
    from needed as needed
    inner join tables as tables on needed.source = tables.source
    left join indexes as indexes
        on
            needed.source = indexes.source
            and not indexes.is_partial
            and needed.keys = indexes.keys[1:cardinality(needed.keys)]
            and (not needed.is_unique or (indexes.is_unique and needed.keys = indexes.keys))
),

findings as (
    select
        case when is_being_built then 'info' when is_unique then 'error' else 'warning' end
            as state,
        relation || ' has no ' || case when is_unique then 'unique ' else '' end || 'index on ('
        || array_to_string(keys, ', ') || ')'
        || case when is_being_built then ' yet: it is being built.' else ': ' || reason || '.' end
            as finding,
        coalesce(case
            when is_unique
                and exists(
                    select from pg_catalog.pg_partitioned_table as partitioned
                    inner join pg_catalog.pg_class as parents on partitioned.partrelid = parents.oid
                    inner join pg_catalog.pg_namespace as places
                        on parents.relnamespace = places.oid
                    left join pg_catalog.pg_attribute as by_column
                        on parents.oid = by_column.attrelid
                        and partitioned.partattrs[0] = by_column.attnum
                    where
                        quote_ident(places.nspname) || '.' || quote_ident(parents.relname)
                        = relation
                        and (
                            partitioned.partnatts > 1
                            or quote_ident(by_column.attname) is distinct from keys[1]
                        )
                )
                then null
            when is_valid is not true and not is_being_built
                then coalesce('drop index concurrently ' || index_relation || '; ', '')
                    || 'create ' || case when is_unique then 'unique ' else '' end || 'index '
                    || case when table_kind = 'r' then 'concurrently ' else '' end
                    || quote_ident(
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
                    )
                    || ' on ' || relation || ' (' || array_to_string(keys, ', ') || ');'
        end, case
            when not is_being_built
                then format(
                    'PostgreSQL has no unique index on %%2$s over partitions of %%1$s by another '
                    'column: partition it by hash (%%2$s), or leave missing claims to the service; '
                    'claimctl plan wallets works without it',
                    relation, keys[1]
                ) || '.'
        end) as advice
    from matching
    where rank = 1 and is_valid is not true
)

select * from findings
union all
select
    'ok',
    'The ' || count(*) || ' indexes that the service needs are there.',
    null
from matching
where rank = 1 and not exists (select from findings)
having count(*) > 0
