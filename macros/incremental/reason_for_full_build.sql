{% macro reason_for_full_build(target, kept, is_asked_for, unwatchable) %}
    {#- An expression for why what is kept does not hold, in words; null where it does. -#}
    case
    {%- if unwatchable %}
        when true then {{ dbt.string_literal(unwatchable | replace("'", "''")) }}
    {%- endif %}
        when exists (
            {{ claim_reconciliation.tables_of_sources() | indent(12) }}

            select 1 from tables
            join pg_catalog.pg_class on tables.oid = pg_class.oid
            left join pg_catalog.pg_am on pg_class.relam = pg_am.oid
            where pg_class.relkind <> 'p' and pg_am.amname is distinct from 'heap'
        ) then 'a partition is no plain table'
    {%- if is_asked_for %}
        when true then 'it was asked for'
    {%- endif %}
        when
            v_kept.built_at is null
            or to_regclass('{{ kept.base }}') is null or to_regclass('{{ kept.live }}') is null
            or to_regclass('{{ kept.claims }}') is null
            or not exists (
                select 1
                from pg_catalog.pg_class
                where oid = to_regclass('{{ target }}') and relkind = 'v'
            )
            then 'nothing is kept yet'
        when v_kept.kept_files <> {{ claim_reconciliation.kept_files(kept) }}
            then 'what was kept is lost'
        when v_kept.rules <> v_rules then 'the rules, the catalogue or the code are others'
        when v_kept.sources <> v_sources
            then 'a table was exchanged, emptied or rewritten, or the server is another'
        when v_kept.built_at > v_built_at then 'the clock went back'
        when v_kept.snapshot_xmin > pg_snapshot_xmin(v_snapshot) then 'the transactions went back'
        when
            pg_snapshot_xmax(v_snapshot)::text::numeric - v_kept.snapshot_xmin::text::numeric
            >= 2147483648
            then 'the last build is two thousand million transactions ago'
    end
{%- endmacro %}


{% macro rules_of_columns() %}
    {#- Which columns are read, by number and type: one that took another's name is another. -#}
    {%- set read = [] -%}
    {%- for column in claim_reconciliation.looked_up_columns()
        if column.source in ('purchase_claims', 'user_wallet_balances', 'wallet_adjustments')
        and column.is_read -%}
        {%- do read.append([column.source, column.name, column.column_number, column.type_id]) -%}
    {%- endfor -%}
    {{- return(tojson(read)) -}}
{% endmacro %}


{% macro rules_in_force(sku_catalog) %}
    {#- An expression for what decides a balance besides the build's own text: settings and
        catalogue, and what the staging models make of a row. -#}
(
    select
        {{ claim_reconciliation.build_settings_digest(
            '(' ~ claim_reconciliation.catalog_rows(sku_catalog) ~ ') as catalog'
        ) | indent(8) }}
        {%- for source in claim_reconciliation.watched_sources() %}
        || pg_get_viewdef('{{ ref('stg_claim_service__' ~ source.name) }}'::regclass)
        {%- endfor %}
)
{%- endmacro %}


{% macro tables_of_sources() %}
    {#- The CTE `tables` of the sources with their partitions. -#}
with recursive tables as (
    {%- for source in claim_reconciliation.watched_sources() %}
    select '{{ source.relation }}'::regclass::oid as oid{{ ' union all' if not loop.last }}
    {%- endfor %}
    union all
    select pg_inherits.inhrelid
    from tables
    join pg_catalog.pg_inherits on tables.oid = pg_inherits.inhparent
)
{%- endmacro %}


{% macro state_of_sources() %}
    {#- An expression for which tables these are: of which cluster, in which files, with which
        partitions, and which labels their enums have. -#}
(
    {{ claim_reconciliation.tables_of_sources() | indent(4) }}

    select jsonb_build_array(
        (select system_identifier::text from pg_control_system()),
        (select oid::bigint from pg_catalog.pg_database where datname = current_database()),
        (
            select jsonb_agg(
                jsonb_build_array(oid::bigint, pg_relation_filenode(oid)::bigint) order by oid
            )
            from tables
        ),
        (
            select jsonb_agg(enumlabel order by enumtypid, enumsortorder)
            from pg_catalog.pg_enum
            join pg_catalog.pg_attribute on enumtypid = atttypid
            join tables on attrelid = tables.oid
        )
    )::text
)
{%- endmacro %}
