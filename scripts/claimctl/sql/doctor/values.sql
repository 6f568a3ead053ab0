-- What the first rows of the tables that are only read hold:
-- a mapping may fit by its types and be wrong all the same.
with

looks as (
    select *
    from jsonb_to_recordset(%(values)s::jsonb) as looks (
        source text, relation text, found jsonb, failed text, is_locked boolean
    )
),

found as (
    select
        looks.source,
        looks.relation,
        counts.*
    from looks
    cross join jsonb_to_record(looks.found) as counts (
        rows bigint, nulls jsonb, items jsonb, positive bigint, negative bigint, users bigint,
        known_users bigint
    )
    where counts.rows > 0
),

items as (
    select entry.key as item
    from jsonb_each(%(settings)s::jsonb -> 'wallet_items') as entry
),

findings as (
    select
        'error' as state,
        'What ' || relation || ' holds cannot be read: ' || failed || '.' as finding,
        'Correct its columns in claim_service_columns, or the rows.' as advice
    from looks
    where failed is not null
    union all
    select
        'info',
        relation || ' is locked: what it holds was not looked at.',
        null
    from looks
    where is_locked
    union all
    select
        'error',
        found.relation || ' names what wallet_items does not have: '
        || string_agg(
            entry.key || ' (' || entry.value || ' rows)', ', ' order by entry.value::bigint desc,
            entry.key
        ) || '.',
        'Map its item: claim_service_columns: {{' || found.source || ': {{item: "'''
        || (select min(items.item) from items)
        || '''"}}}}, or an expression for each; or name the item in wallet_items.'
    from found
    cross join jsonb_each_text(found.items) as entry
    where entry.key not in (select items.item from items)
    group by found.source, found.relation
    union all
    select
        'warning',
        'All quantities of ' || relation
        || ' are positive, and a spend is negative: what users spent is given back.',
        'Turn the sign: claim_service_columns: {{wallet_adjustments: {{quantity: "-' || signs.mapped
        || '"}}}}; where all are gifts, say so: {{quantity: "+' || signs.mapped || '"}}.'
    from found
    cross join (
        select coalesce(
            %(settings)s::jsonb #>> '{{claim_service_columns, wallet_adjustments, quantity}}',
            'quantity'
        ) as mapped
    ) as signs
    where positive > 0 and negative = 0 and left(ltrim(signs.mapped), 1) <> '+'
    union all
    select
        'info',
        'All quantities of ' || relation
        || ' are negative: spends alone, no gift and no opening balance.',
        null
    from found
    where negative > 0 and positive = 0
    union all
    select
        case when max(entry.value::bigint) * 100 >= max(found.rows) then 'warning' else 'info' end,
        'Of the first ' || max(found.rows) || ' rows of ' || found.relation
        || ' some lack what the models need: '
        || string_agg(entry.value || ' have no ' || entry.key, ', ' order by entry.key) || '.',
        'Look at them, or leave them out by claim_service_filters; ' || found.source
        || ' cannot be judged by such rows.'
    from found
    cross join jsonb_each_text(found.nulls) as entry
    where entry.value::bigint > 0 and entry.key not in ('duration_ms', 'error_code', 'units')
    group by found.source, found.relation
    union all
    select
        case when known_users * 2 < users and users >= 3 then 'warning' else 'info' end,
        'Of ' || users || ' users of ' || relation || ' ' || known_users
        || ' have a wallet or a claim.',
        case
            when known_users * 2 < users and users >= 3
                then 'Map the column that holds the ids of the wallets: claim_service_columns: {{'
                    || source || ': {{user_id: its name}}}}.'
        end
    from found
    where users > 0
)

select * from findings
