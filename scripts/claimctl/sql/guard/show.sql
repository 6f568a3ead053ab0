-- One document about a plan: its header, what it changes by item, what became of its lines.
with plan as (
    select * from claim_ops.plans
    where plans.plan_id = %(plan_id)s
),

changes as (
    select
        wallet_items.item,
        wallet_items.kind,
        lines.before is null as is_created,
        (lines.before ->> wallet_items.column_name) as before,
        (lines.after ->> wallet_items.column_name) as after
    from claim_ops.plan_lines as lines
    inner join claim_ops.wallet_items
        on coalesce(lines.before, '{{}}') || coalesce(lines.after, '{{}}') ? wallet_items.column_name
    where lines.plan_id = %(plan_id)s
),

items as (
    select
        changes.item,
        count(*) as wallets,
        sum(case when changes.kind = 'quantity' then
            coalesce(changes.after::numeric, 0) - coalesce(changes.before::numeric, 0)
        end) as net_quantity,
        count(case when changes.kind = 'expiry' and (
            changes.before is null or changes.after::timestamptz > changes.before::timestamptz
        ) then 1 end) as lengthened,
        count(case when changes.kind = 'expiry' and changes.before is not null and (
            changes.after is null or changes.after::timestamptz < changes.before::timestamptz
        ) then 1 end) as shortened
    from changes
    group by changes.item, changes.kind
),

outcomes as (
    select
        count(*) filter (where lines.state = 'applied') as applied,
        count(*) filter (where lines.state = 'skipped') as skipped,
        count(*) filter (where lines.state = 'pending') as pending,
        count(*) filter (where lines.before is null) as wallets_created,
        count(*) filter (where lines.after is null) as wallets_deleted,
        count(*) filter (where lines.details ? 'suspected_spend') as suspected_spends
    from claim_ops.plan_lines as lines
    where lines.plan_id = %(plan_id)s
),

reasons as (
    select lines.skipped_because as reason, count(*) as lines
    from claim_ops.plan_lines as lines
    where lines.plan_id = %(plan_id)s and lines.state = 'skipped'
    group by lines.skipped_because
)

select to_jsonb(plan) - 'made_by_oid' - 'approved_by_oid' - 'made_in' || to_jsonb(outcomes) || jsonb_build_object(
    'warnings', coalesce((
        select jsonb_agg(
            'settle_minutes is ' || (settings.settings ->> 'settle_minutes')
            || ', but the store retries for 155 minutes: a claim on its way looks like a fault.'
        )
        from claim_ops.settings
        where (settings.settings ->> 'settle_minutes')::numeric < 155
    ), '[]'),
    'breaker_limits', (
        select jsonb_object_agg(figures.key, coalesce(plan.limits -> 'raise' -> figures.key, settings.settings -> figures.key))
        from jsonb_each(plan.breakers) as figures
        cross join claim_ops.settings
    ),
    'is_past_its_time', plan.state in ('planned', 'approved', 'applying') and clock_timestamp() > plan.expires_at,
    'items', coalesce((select jsonb_agg(to_jsonb(items) order by items.item) from items), '[]'),
    'reasons', coalesce((select jsonb_object_agg(reasons.reason, reasons.lines) from reasons), '{{}}')
) as plan
from plan
cross join outcomes
