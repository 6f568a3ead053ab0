-- One row a line of a plan, then one row a purchase, or a balance, that it left out.
with

lines as (
    select
        lines.line_no,
        lines.user_id::text as user_id,
        lines.before::text as before,
        lines.after::text as after,
        lines.state,
        lines.skipped_because,
        lines.decided_at,
        (
            select string_agg(
                concat_ws(' ', claim.tx_id, claim.sku, 'x' || claim.units, claim.claimed_at),
                '; ' order by claim.claimed_at
            )
            from jsonb_to_recordset(
                coalesce(lines.details -> 'claims', lines.details -> 'claims_taken_back')
            )
                as claim (tx_id text, sku text, claimed_at timestamptz, units integer)
        ) as claims,
        (
            select jsonb_agg(to_jsonb(claim) order by claim.claimed_at)
            from jsonb_to_recordset(
                coalesce(lines.details -> 'claims', lines.details -> 'claims_taken_back')
            )
                as claim (tx_id text, sku text, claimed_at timestamptz, units integer)
        ) as claim_list,
        coalesce((
            select string_agg(
                concat_ws(', ',
                    item.key || ': ' || (item.value ->> 'claims') || ' claims',
                    'last ' || left(item.value ->> 'last_claimed_at', 16),
                    'changed ' || left(item.value ->> 'wallet_changed_at', 16),
                    lines.details -> 'evidence' ->> item.key
                ), '; ' order by item.key
            )
            from jsonb_each(lines.details -> 'grounds') as item
        ), case
            -- No braces: the file is run with and without psycopg's format.
            when lines.details ? 'claims' and lines.before = jsonb_build_object()
                and lines.after = jsonb_build_object()
                then case
                    when exists (
                        select 1
                        from jsonb_to_recordset(lines.details -> 'claims')
                            as claim (sku text, claimed_at timestamptz, units integer)
                        inner join claim_ops.sku_catalog
                            on claim.sku = sku_catalog.sku
                            and claim.claimed_at >= sku_catalog.valid_from
                            and claim.claimed_at < sku_catalog.valid_to
                        where sku_catalog.duration_hours is null
                            or claim.claimed_at
                            + sku_catalog.quantity * sku_catalog.duration_hours
                            * coalesce(claim.units, 1) * interval '1 hour' > plans.made_at
                    ) then 'credited already: the claim only'
                    else 'over by now: the claim only'
                end
        end) as grounds,
        (
            select string_agg(cause.key || ': ' || cause.value, '; ' order by cause.key)
            from jsonb_each_text(lines.details -> 'causes') as cause
        ) as causes,
        null as item
    from claim_ops.line_states as lines
    inner join claim_ops.plans on lines.plan_id = plans.plan_id
    where lines.plan_id = %(plan_id)s
),

left_out as (
    select
        null::integer as line_no,
        plan_left_out.user_id::text as user_id,
        null as before,
        null as after,
        'left_out' as state,
        plan_left_out.reason as skipped_because,
        null::timestamptz as decided_at,
        concat_ws(
            ' ', plan_left_out.tx_id, plan_left_out.sku, 'x' || nullif(plan_left_out.units, 1),
            plan_left_out.purchased_at
        ) as claims,
        jsonb_build_array(jsonb_build_object(
            'tx_id', plan_left_out.tx_id, 'sku', plan_left_out.sku,
            'claimed_at', plan_left_out.purchased_at, 'units', plan_left_out.units
        )) as claim_list,
        null as grounds,
        null as causes,
        null as item
    from claim_ops.plan_left_out
    where plan_left_out.plan_id = %(plan_id)s
    union all
    select
        null,
        balances.user_id::text,
        null,
        null,
        'left_out',
        balances.reason,
        null,
        balances.item,
        null,
        'settles ' || to_char(balances.settles_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
        null,
        balances.item
    from claim_ops.plan_balances_left_out as balances
    where balances.plan_id = %(plan_id)s
),

final as (
    select * from lines
    union all
    select * from left_out
)

select * from final
order by line_no nulls last, claims
limit %(limit)s
