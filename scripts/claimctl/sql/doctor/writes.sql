-- Written by `make generate` from the macro doctor_writes: change that.
with

columns as (
    select *
    from jsonb_to_recordset(%(columns)s::jsonb) as columns (
        source text, column_name text, relation text, table_id oid, table_kind text,
        column_number int2, is_optional boolean
    )
    where table_kind in ('r', 'p')
),

tables as (
    select
        source,
        relation,
        table_id,
        array_agg(column_name) as written
    from columns
    where source in ('purchase_claims', 'user_wallet_balances')
    group by source, relation, table_id
    -- A renamed column looks like one of the service's own: the check of columns says what it is.
    having bool_and(column_number is not null or is_optional)
),

findings as (
    select
        case
            when unwritable.is_computed or tables.source = 'purchase_claims' then 'error'
            else 'warning'
        end as state,
        tables.relation || '.' || unwritable.column_name
        || case
            when unwritable.is_computed then ' is computed by the database'
            else ' must not be null and nothing fills it'
        end
        || case
            when tables.source = 'purchase_claims' then ': claim plans are refused.'
            when unwritable.is_computed then ': wallet plans are refused.'
            else ': a wallet that is missing cannot be made, and is skipped.'
        end as finding,
        case
            when unwritable.is_computed
                then 'Map the column that the service itself writes, '
                    'with claim_service_columns or wallet_items'
            else 'As the table''s owner, with the value that fits: alter table '
                || tables.relation || ' alter column ' || unwritable.column_name
                || ' set default ...;'
        end
        || case when unwritable.is_computed then '.' else '' end as advice
    from tables
    cross join lateral (
        select
            pg_attribute.attnum::int as column_number,
            quote_ident(pg_attribute.attname) as column_name,
            pg_attribute.attname = any(tables.written) as is_computed
        from pg_catalog.pg_attribute
        inner join pg_catalog.pg_type on pg_attribute.atttypid = pg_type.oid
        where
            pg_attribute.attrelid = tables.table_id
            and pg_attribute.attnum > 0
            and not pg_attribute.attisdropped
            and case
                when pg_attribute.attname = any(tables.written)
                    then pg_attribute.attgenerated <> '' or pg_attribute.attidentity = 'a'
                else
                    true
                    and (pg_attribute.attnotnull or pg_type.typnotnull)
                    and not pg_attribute.atthasdef
                    and pg_attribute.attidentity = ''
                    and pg_type.typdefault is null
                    and not exists (
                        select from pg_catalog.pg_trigger
                        where
                            pg_trigger.tgrelid = tables.table_id
                            and pg_trigger.tgenabled <> 'D'
                            -- Before an insert, for each row.
                            and pg_trigger.tgtype & 7 = 7
                    )
            end
    ) as unwritable
)

select * from findings
union all
select
    'ok',
    'Every column of ' || string_agg(relation, ' and ' order by relation) || ' can be written.',
    null
from tables
where not exists (select from findings)
having count(*) > 0
