{% macro doctor_value_queries(columns, settings) %}
    {#- One query a table that is only read, by whose answer doctor judges values: of the first
        10,000 rows that count how many lack what, which items and signs there are, and how many of
        200 users have a wallet or a claim. -#}
with

{{ claim_reconciliation.sources_of_values(columns, settings) }}

-- By the index of each: a user's id in the column's own type.
known as (
    select string_agg(format(
        'exists (select from %s as stored where stored.%s = users.user_id::%s)',
        relation, value, type_name
    ), ' or ') as condition
    from columns
    where name = 'user_id' and source in ('user_wallet_balances', 'purchase_claims')
)

select
    source,
    relation,
    format(
        'with sampled as (select %s from %s as stored where (%s) limit 10000)',
        selected, relation, counts
    )
    || case
        when has_user
            then ', users as (select distinct user_id::text as user_id from sampled'
                || ' where user_id is not null limit 200)'
        else ''
    end
    || format(
        ' select jsonb_build_object(''rows'', count(*), ''nulls'', jsonb_build_object(%s)', nulls
    )
    || case
        when has_item
            then ', ''items'', (select jsonb_object_agg(item, rows) from ('
                || 'select item::text as item, count(*) as rows'
                || ' from sampled where item is not null group by 1) as items)'
        else ''
    end
    || case
        when has_quantity
            then ', ''positive'', count(*) filter (where quantity > 0),'
                || ' ''negative'', count(*) filter (where quantity < 0)'
        else ''
    end
    || case
        when has_user
            then ', ''users'', (select count(*) from users),'
                || ' ''known_users'', (select count(*) from users where '
                || known.condition || ')'
        else ''
    end
    || ') as found from sampled' as query
from sources
cross join known
{% endmacro %}


{% macro sources_of_values(columns, settings) %}
    {#- The CTEs of doctor_value_queries that say how each table's columns are read. -#}
columns as (
    select
        *,
        coalesce(expression, quote_ident(column_name)) as value
    from jsonb_to_recordset({{ columns }}) as columns (
        source text, name text, column_name text, relation text, table_id oid, type_name text,
        expression text, is_read boolean
    )
    where is_read and table_id is not null
),

sources as (
    select
        source,
        relation,
        string_agg(value || ' as ' || quote_ident(name), ', ') as selected,
        string_agg(format('%L, count(*) filter (where %I is null)', name, name), ', ') as nulls,
        bool_or(name = 'item') as has_item,
        bool_or(name = 'quantity') as has_quantity,
        bool_or(name = 'user_id') as has_user,
        coalesce({{ settings }} #>> array['claim_service_filters', source], 'true') as counts
    from columns
    where {{ claim_reconciliation.is_only_read('source') | indent(4) }}
    group by source, relation
),
{%- endmacro %}
