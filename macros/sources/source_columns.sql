{% macro source_columns(settings) %}
    {#- A query for the columns that models, guard and doctor know of the claim service, under their
        mapped names, with what the database has in their place. `settings` is an SQL expression of
        the vars as jsonb. What is optional is read where it is there; a var only overrides. This is
        the only list: `make generate` writes the query for claimctl, whose doctor needs no dbt. -#}
with

settings as (
    select {{ settings }} as vars
),

known_columns (source, name, type_family, is_optional) as (
    values
    {%- for source, columns in claim_reconciliation.known_columns().items() %}
    {%- set outer_last = loop.last %}
    {%- for name, column in columns.items() %}
    ('{{ source }}', '{{ name }}', '{{ column.family }}', {{ column.get('is_optional', false) }})
    {{- ',' if not (outer_last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

{{ claim_reconciliation.columns_by_their_names() }}

{{ claim_reconciliation.columns_in_the_database() }}

select
    source,
    name,
    item,
    column_name,
    type_family,
    is_optional,
    is_optional_source,
    schema_name,
    table_name,
    relation,
    table_id,
    table_kind,
    column_number,
    type_id,
    type_name,
    base_type,
    type_schema,
    expression,
    case
        when expression is not null
            then {{ claim_reconciliation.probe_of_expression() | indent(4) }}
    end as probe,
    is_read_source,
    mapping_kind is not distinct from 'null' as is_mapped_to_null,
    -- A column that is named and missing is an error;
    -- one that has only its default name may be missing.
    is_read_source and mapping_kind is distinct from 'null'
    and (not is_optional or mapping_kind is not null or column_number is not null) as is_read
from found
order by source, column_number, name
{%- endmacro %}


{% macro read_only_sources() %}
    {#- The tables that are only read: a view may stand for one, and an expression for a column. -#}
    {{- return([
        'audit_purchases', 'function_metrics', 'wallet_adjustments', 'queued_purchases',
        'accepted_discrepancies', 'users',
    ]) -}}
{% endmacro %}


{% macro is_only_read(source) -%}
    {#- Whether a table is one of these. -#}
{{ source }} in (
    {%- for names in claim_reconciliation.read_only_sources() | batch(3) %}
    '{{ names | join("', '") }}'{{ ',' if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}


{% macro probe_of_expression() -%}
    {#- The text of a query for the type of an expression, as found_columns has a column's; it fails
        where PostgreSQL refuses the expression, for the first row too. -#}
format($probe$
select
    probed.type_id::bigint as type_id, format_type(probed.type_id, null) as type_name,
    bases.base_type, bases.type_schema
from (
    select pg_typeof(read.value)::oid as type_id
    from (
        select %s as value from (values (1)) as one (number)
        left join %s as stored on true limit 1
    ) as read
) as probed
left join lateral ({{ claim_reconciliation.base_type('probed.type_id') }}) as bases on true
$probe$, expression, relation)
{%- endmacro %}


{% macro columns_by_their_names() %}
    {#- The CTE of the known columns under the names that the vars map them to. -#}
mapped_columns as (
    select
        known_columns.*,
        null as item,
        jsonb_typeof(settings.vars #> array['claim_service_columns', source, name]) as mapping_kind,
        coalesce(settings.vars #>> array['claim_service_columns', source, name], name)
            as column_name
    from known_columns
    cross join settings
    union all
    -- The wallet's item columns are named by wallet_items itself.
    select
        'user_wallet_balances',
        entry.value ->> 'column',
        case entry.value ->> 'kind' when 'quantity' then 'integer' when 'expiry' then 'time' end,
        false,
        entry.key,
        'string',
        entry.value ->> 'column'
    from settings
    cross join jsonb_each(settings.vars -> 'wallet_items') as entry
    where entry.value ->> 'column' is not null
),
{%- endmacro %}


{% macro columns_in_the_database() %}
    {#- The CTEs that look up the CTE mapped_columns in the system catalogs. -#}
named as (
    select
        mapped_columns.*,
        case
            when strpos(tables.mapped, '.') > 0 then split_part(tables.mapped, '.', 1)
            else settings.vars ->> 'claim_service_schema'
        end as schema_name,
        regexp_replace(tables.mapped, '^.*\.', '') as table_name,
        source in ('{{ claim_reconciliation.optional_sources() | join("', '") }}')
            as is_optional_source,
        (settings.vars ->> ('has_' || source))::boolean as is_wanted,
        settings.vars #> array['claim_service_tables', source] is not null as is_mapped_source
    from mapped_columns
    cross join settings
    cross join lateral (
        select coalesce(
            settings.vars #>> array['claim_service_tables', mapped_columns.source],
            mapped_columns.source
        ) as mapped
    ) as tables
),

found as (
    select
        named.*,
        quote_ident(named.schema_name) || '.' || quote_ident(named.table_name) as relation,
        pg_class.oid::bigint as table_id,
        pg_class.relkind::text as table_kind,
        pg_attribute.attnum::int as column_number,
        pg_attribute.atttypid::bigint as type_id,
        format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name,
        types.base_type,
        types.type_schema,
        -- A name that is missing looks like one; what no name looks like is computed.
        case
            when
                pg_class.oid is not null and pg_attribute.attnum is null
                and named.mapping_kind = 'string'
                and {{ claim_reconciliation.is_only_read('named.source') | indent(16) }}
                and named.column_name ~ '[^[:alnum:]_ $]'
                then '(' || named.column_name || ')'
        end as expression,
        not named.is_optional_source
        or coalesce(named.is_wanted, named.is_mapped_source or pg_class.oid is not null)
            as is_read_source
    from named
    left join pg_catalog.pg_namespace on named.schema_name = pg_namespace.nspname
    left join pg_catalog.pg_class
        on pg_namespace.oid = pg_class.relnamespace and named.table_name = pg_class.relname
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
    left join pg_catalog.pg_attribute
        on pg_class.oid = pg_attribute.attrelid and named.column_name = pg_attribute.attname
        and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    -- A domain is read as what it stands on.
    left join lateral ({{ claim_reconciliation.base_type('pg_attribute.atttypid') | indent(4) }})
        as types on true
)
{%- endmacro %}


{% macro base_type(type_id) %}
    {#- A query for the type on which a domain stands, or the type itself; an enum is `enum`. -#}
with recursive types as (
    select typname, typtype, typnamespace, typbasetype
    from pg_catalog.pg_type
    where oid = {{ type_id }}
    union all
    select pg_type.typname, pg_type.typtype, pg_type.typnamespace, pg_type.typbasetype
    from types
    inner join pg_catalog.pg_type on types.typbasetype = pg_type.oid
    where types.typtype = 'd'
)

select
    case typtype when 'e' then 'enum' else typname::text end as base_type,
    typnamespace::regnamespace::text as type_schema
from types
where typtype <> 'd'
{%- endmacro %}


{% macro known_columns() %}
    {#- Every column that the package knows of the claim service, by table: what kind of values it
        holds, and whether the service may do without it. -#}
    {%- set key, user = {'family': 'key'}, {'family': 'user_id'} -%}
    {%- set text, time = {'family': 'text'}, {'family': 'time'} -%}
    {%- set units = {'family': 'integer', 'is_optional': true} -%}
    {{- return({
        'purchase_claims': {
            'tx_id': key, 'user_id': user, 'sku': text, 'claimed_at': time, 'units': units
        },
        'user_wallet_balances': {
            'user_id': user, 'updated_at': time,
            'time_zone': {'family': 'text', 'is_optional': true},
        },
        'audit_purchases': {
            'tx_id': key, 'user_id': user, 'sku': text, 'status': {'family': 'status'},
            'purchased_at': time, 'units': units,
        },
        'function_metrics': {
            'timestamp': time, 'function_name': text, 'status_code': {'family': 'integer'},
            'duration_ms': {'family': 'number'},
            'error_code': {'family': 'text', 'is_optional': true},
        },
        'store_config': {'key': text, 'value': {'family': 'jsonb'}},
        'wallet_adjustments': {
            'adjustment_id': key, 'user_id': user, 'item': text, 'quantity': {'family': 'integer'},
            'adjusted_at': time,
        },
        'queued_purchases': {
            'queue_id': {'family': 'key', 'type': 'bigint'}, 'tx_id': key, 'user_id': user,
            'sku': text, 'received_at': time, 'units': units,
        },
        'accepted_discrepancies': {
            'user_id': user, 'item': text, 'reason': text, 'accepted_by': text,
            'accepted_until': time,
        },
        'users': {'user_id': user},
    }) -}}
{% endmacro %}


{% macro optional_sources() %}
    {{- return(['wallet_adjustments', 'queued_purchases', 'accepted_discrepancies', 'users']) -}}
{% endmacro %}
