{% macro unwritable_columns(table_id, written, is_inserted) %}
    {#- A query for the columns of a table that keep it from being written to, where only the
        columns in the array `written` are: one that the database computes, and one that must not be
        null and that nothing fills. A trigger before the insert may fill any, which only a try can
        tell. -#}
select
    pg_attribute.attnum::int as column_number,
    quote_ident(pg_attribute.attname) as column_name,
    pg_attribute.attname = any({{ written }}) as is_computed
from pg_catalog.pg_attribute
inner join pg_catalog.pg_type on pg_attribute.atttypid = pg_type.oid
where
    pg_attribute.attrelid = {{ table_id }}
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
    and case
        when pg_attribute.attname = any({{ written }})
            then pg_attribute.attgenerated <> '' or pg_attribute.attidentity = 'a'
        else
            {{ is_inserted }}
            and (pg_attribute.attnotnull or pg_type.typnotnull)
            and not pg_attribute.atthasdef
            and pg_attribute.attidentity = ''
            and pg_type.typdefault is null
            and not exists (
                select from pg_catalog.pg_trigger
                where
                    pg_trigger.tgrelid = {{ table_id }}
                    and pg_trigger.tgenabled <> 'D'
                    -- Before an insert, for each row.
                    and pg_trigger.tgtype & 7 = 7
            )
    end
{%- endmacro %}


{% macro unwritable_reason(column, table) %}
    {#- Expressions, by the row `column` of unwritable_columns: what is wrong with it,
        and what mends it. -#}
    {{- return({
        'finding': table ~ " || '.' || " ~ column ~ ".column_name\n"
            "|| case\n"
            "    when " ~ column ~ ".is_computed then ' is computed by the database'\n"
            "    else ' must not be null and nothing fills it'\n"
            "end",
        'advice': "case\n"
            "    when " ~ column ~ ".is_computed\n"
            "        then 'Map the column that the service itself writes, '\n"
            "            'with claim_service_columns or wallet_items'\n"
            "    else 'As the table''s owner, with the value that fits: alter table '\n"
            "        || " ~ table ~ " || ' alter column ' || " ~ column ~ ".column_name\n"
            "        || ' set default ...;'\n"
            "end",
    }) -}}
{% endmacro %}
