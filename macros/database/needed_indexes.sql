{% macro needed_indexes(settings=none, zone=none) %}
    {#- A query for the indexes that the service and this package need, with their keys as
        PostgreSQL writes them in DDL. `settings` is an SQL expression of the vars as jsonb, `zone`
        one of the zone of the metrics' times, null where they have one themselves: doctor's, or
        none for those of this project. -#}
    {%- if settings is none -%}
        {%- set settings = "'"
            ~ tojson({'claim_service_columns': var('claim_service_columns')}, sort_keys=true)
            | replace("'", "''") ~ "'::jsonb" -%}
        {%- set zone = "'" ~ claim_reconciliation.source_time_zone('function_metrics') ~ "'"
            if claim_reconciliation.is_without_zone('function_metrics', 'timestamp') else 'null' -%}
    {%- endif -%}
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
    {%- for source, columns, is_unique, reason in claim_reconciliation.index_needs()
        if claim_reconciliation.may_have_index(source, columns) %}
    (
        '{{ source }}', array['{{ columns | join("', '") }}'], {{ is_unique }},
        '{{ reason }}'
    ){{ ',' if not loop.last }}
    {%- endfor %}
) as list (source, names, is_unique, reason)
cross join (
    select
        {{ zone }}::text as zone,
        vars -> 'claim_service_columns' as columns
    from (select {{ settings }} as vars) as given
) as settings
{%- endmacro %}


{% macro index_needs() %}
    {#- The indexes of needed_indexes: table, columns, whether it is unique, what is without it. -#}
    {{- return([
        ('purchase_claims', ['tx_id'], true, 'a retried claim may count twice'),
        ('user_wallet_balances', ['user_id'], true, 'a user may get two wallets'),
        (
            'purchase_claims', ['user_id', 'sku', 'claimed_at'], false,
            'each cap check reads the whole table'
        ),
        ('audit_purchases', ['tx_id'], false, 'a recovery reads the whole table for each line'),
        (
            'audit_purchases', ['user_id'], false,
            'a repair that takes an excess reads the whole table in each batch'
        ),
        ('function_metrics', ['timestamp'], false, 'each look at the alerts reads the whole table'),
    ]) -}}
{% endmacro %}


{% macro may_have_index(source, columns) %}
    {#- Whether the columns are columns: one that is computed when it is read has no index.
        Doctor looks by itself. -#}
    {%- if not execute -%}
        {{- return(true) -}}
    {%- endif -%}
    {%- for column in columns
        if (claim_reconciliation.found_column(source, column) or {}).expression -%}
        {{- return(false) -}}
    {%- endfor -%}
    {{- return(true) -}}
{% endmacro %}


{% macro server_indexes(tables) %}
    {#- A query for the indexes of the tables in the CTE `tables`, with their keys as PostgreSQL
        writes them in DDL. One that is being built is invalid too, until it is done. Who builds it
        is hidden from most logins, but not that somebody holds the table's lock for it. -#}
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
from {{ tables }} as tables
inner join pg_catalog.pg_index on tables.table_id = pg_index.indrelid
inner join pg_catalog.pg_class as index_names on pg_index.indexrelid = index_names.oid
inner join pg_catalog.pg_namespace as schemas on index_names.relnamespace = schemas.oid
inner join pg_catalog.pg_am on index_names.relam = pg_am.oid
where pg_am.amname = 'btree'
{%- endmacro %}


{% macro indexes_for_needs(needed, tables, indexes) %}
    {#- A query for each needed index with the indexes that do its work, the best of them with rank
        1. A partial one leaves rows out, and a unique one over more columns does not make the fewer
        unique. -#}
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
from {{ needed }} as needed
inner join {{ tables }} as tables on needed.source = tables.source
left join {{ indexes }} as indexes
    on
        needed.source = indexes.source
        and not indexes.is_partial
        and needed.keys = indexes.keys[1:cardinality(needed.keys)]
        and (not needed.is_unique or (indexes.is_unique and needed.keys = indexes.keys))
{%- endmacro %}
