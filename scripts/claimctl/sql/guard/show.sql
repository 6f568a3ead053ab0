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
        (lines.after ->> wallet_items.column_name) as after,
        -- What lies ahead of a booster when the plan is made, before and after it.
        case when wallet_items.kind = 'expiry' then
            extract(
                epoch from
                greatest((lines.after ->> wallet_items.column_name)::timestamptz, plan.made_at)
                - greatest((lines.before ->> wallet_items.column_name)::timestamptz, plan.made_at)
            ) / 3600
        end as hours
    from claim_ops.line_states as lines
    cross join plan
    inner join claim_ops.wallet_items
        on coalesce(lines.before, '{{}}')
        || coalesce(lines.after, '{{}}') ? wallet_items.column_name
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
        ) then 1 end) as shortened,
        jsonb_build_array(
            round(min(changes.hours) filter (where changes.hours > 0), 1),
            round((
                percentile_disc(0.5) within group (order by changes.hours)
                    filter (where changes.hours > 0)
            ), 1),
            round(max(changes.hours) filter (where changes.hours > 0), 1)
        ) as lengthened_hours,
        jsonb_build_array(
            round(min(-changes.hours) filter (where changes.hours < 0), 1),
            round((
                percentile_disc(0.5) within group (order by -changes.hours)
                    filter (where changes.hours < 0)
            ), 1),
            round(max(-changes.hours) filter (where changes.hours < 0), 1)
        ) as shortened_hours
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
        count(*) filter (where lines.details ? 'suspected_spend') as suspected_spends,
        count(*) filter (where lines.details ? 'unexplained_excess') as unexplained_excess
    from claim_ops.line_states as lines
    where lines.plan_id = %(plan_id)s
),

purchases as (
    select
        claim.sku,
        claim.is_taken_back,
        count(*) as purchases,
        sum(sku_catalog.unit_price * coalesce(claim.units, 1)) as revenue,
        count(claim.over_cap) as over_cap,
        count(claim.unaudited) as unaudited
    from claim_ops.line_states as lines
    cross join lateral (
        select claim.*, false as is_taken_back
        from jsonb_to_recordset(lines.details -> 'claims')
            as claim (
                sku text, claimed_at timestamptz, purchased_at timestamptz, units integer,
                over_cap boolean, unaudited boolean
            )
        union all
        select claim.*, true
        from jsonb_to_recordset(lines.details -> 'claims_taken_back')
            as claim (
                sku text, claimed_at timestamptz, purchased_at timestamptz, units integer,
                over_cap boolean, unaudited boolean
            )
    ) as claim
    -- What it cost when it was bought.
    left join claim_ops.sku_catalog
        on claim.sku = sku_catalog.sku
        and sku_catalog.valid_from <= coalesce(claim.purchased_at, claim.claimed_at)
        and coalesce(claim.purchased_at, claim.claimed_at) < sku_catalog.valid_to
    where lines.plan_id = %(plan_id)s
    group by claim.sku, claim.is_taken_back
),

-- Of what is paid for as hours: how many lie ahead when the plan is made, claimed as it says, and
-- at the time of purchase.
booster_hours as (
    select
        sum(paid.hours) as paid,
        sum(
            least(
                greatest(
                    paid.hours - extract(epoch from plan.made_at - claim.claimed_at) / 3600, 0
                ),
                paid.hours
            )
        ) as given,
        sum(least(greatest(
            paid.hours - extract(
                epoch from plan.made_at - coalesce(claim.purchased_at, claim.claimed_at)
            ) / 3600,
            0
        ), paid.hours)) as given_at_purchase
    from plan
    inner join claim_ops.plan_lines as lines on plan.plan_id = lines.plan_id
    cross join jsonb_to_recordset(lines.details -> 'claims')
        as claim (sku text, claimed_at timestamptz, purchased_at timestamptz, units integer)
    inner join claim_ops.sku_catalog
        on claim.sku = sku_catalog.sku
        and sku_catalog.valid_from <= claim.claimed_at and claim.claimed_at < sku_catalog.valid_to
    cross join lateral (
        select (
            sku_catalog.quantity * sku_catalog.duration_hours * coalesce(claim.units, 1)
        )::numeric as hours
    ) as paid
    where paid.hours is not null
    having count(*) > 0
),

-- Plans that the figures of this one count too, as of when it was made.
counted_plans as (
    select others.plan_id, others.state
    from plan
    inner join claim_ops.plan_kinds as own_kind on plan.kind = own_kind.kind
    inner join claim_ops.plans as others
        on others.plan_id <> plan.plan_id and others.made_at <= plan.made_at
        and others.made_at > plan.made_at - interval '24 hours'
    inner join claim_ops.plan_kinds on others.kind = plan_kinds.kind
    where plan_kinds.breakers && own_kind.breakers
        and not (
            others.state in ('rejected', 'expired', 'rolled_back')
            and coalesce(others.finished_at, others.expires_at) < plan.made_at
        )
),

left_out as (
    select
        plan_left_out.reason,
        count(*) as purchases,
        sum(sku_catalog.unit_price * coalesce(plan_left_out.units, 1)) as revenue
    from claim_ops.plan_left_out
    left join claim_ops.sku_catalog
        on plan_left_out.sku = sku_catalog.sku
        and sku_catalog.valid_from <= coalesce(plan_left_out.purchased_at, 'infinity')
        and (plan_left_out.purchased_at < sku_catalog.valid_to or sku_catalog.valid_to = 'infinity')
    where plan_left_out.plan_id = %(plan_id)s
    group by plan_left_out.reason
),

balances_left_out as (
    select
        plan_balances_left_out.reason,
        count(distinct plan_balances_left_out.user_id) as users,
        count(*) as balances,
        min(plan_balances_left_out.settles_at) as first_settles_at,
        max(plan_balances_left_out.settles_at) as last_settles_at
    from claim_ops.plan_balances_left_out
    where plan_balances_left_out.plan_id = %(plan_id)s
    group by plan_balances_left_out.reason
),

-- Of a line's balances: how many the models thought to be wrong for which cause when the plan was
-- made.
causes as (
    -- Not by jsonb_each_text: each call keeps 300 bytes until the statement ends.
    select
        lines.details -> 'causes' ->> wallet_items.item as cause,
        wallet_items.item,
        count(*) as wallets
    from claim_ops.plan_lines as lines
    inner join claim_ops.wallet_items on lines.details -> 'causes' ? wallet_items.item
    where lines.plan_id = %(plan_id)s
    group by lines.details -> 'causes' ->> wallet_items.item, wallet_items.item
),

switch as (
    select
        named.sku,
        lines.before -> named.sku as before,
        lines.after -> named.sku as after
    from claim_ops.line_states as lines
    cross join lateral jsonb_object_keys(lines.before || lines.after) as named (sku)
    where lines.plan_id = %(plan_id)s and lines.user_id is null
),

warnings as (
    select
        'settle_minutes is ' || (settings.settings ->> 'settle_minutes')
        || ', but the store retries for 155 minutes: a claim on its way looks like a fault.'
            as warning
    from claim_ops.settings
    cross join plan
    inner join claim_ops.plan_kinds on plan.kind = plan_kinds.kind
    where (settings.settings ->> 'settle_minutes')::numeric < 155 and plan_kinds.needs_rules
    union all
    select
        count(*) || ' balances are left out because adjustments took more than there was: no plan '
        || 'sets a wallet to less than nothing. Correct wallet_adjustments, accept the '
        || 'discrepancies, or set negative_ledger_policy to clamp or allow.'
    from claim_ops.plan_balances_left_out as balances
    where balances.plan_id = %(plan_id)s and balances.reason = 'negative_ledger'
    having count(*) > 0
    union all
    select plan.limits ->> 'warning' from plan
    where plan.limits ? 'warning'
    union all
    select
        'The guard has been installed with other settings or another catalogue since the plan '
        || 'was made.'
    from plan
    inner join claim_ops.plan_kinds on plan.kind = plan_kinds.kind
    inner join claim_ops.settings on plan.settings_digest <> settings.digest
    where not plan_kinds.needs_rules
    union all
    select
        'Applied without an approval by ' || plan.broke_glass_by || ': ' || plan.broke_glass_reason
        || '. Another login has to approve it.'
    from plan
    where plan.broke_glass_by is not null and plan.approved_by is null
),

reasons as (
    select lines.skipped_because as reason, count(*) as lines
    from claim_ops.line_states as lines
    where lines.plan_id = %(plan_id)s and lines.state = 'skipped'
    group by lines.skipped_because
)

select to_jsonb(plan) - 'made_by_oid' - 'approved_by_oid' - 'broke_glass_by_oid' - 'made_in'
    || to_jsonb(outcomes) || jsonb_build_object(
    'warnings', coalesce((select jsonb_agg(warnings.warning) from warnings), '[]'),
    'purchases', coalesce((
        select jsonb_agg(to_jsonb(claimed) order by claimed.sku, claimed.is_taken_back)
        from purchases as claimed
    ), '[]'),
    'left_out', coalesce((
        select jsonb_agg(to_jsonb(left_out) order by left_out.reason) from left_out
    ), '[]'),
    'balances_left_out', coalesce((
        select jsonb_agg(to_jsonb(balances_left_out) order by balances_left_out.reason)
        from balances_left_out
    ), '[]'),
    'proposals', coalesce(plan.limits #> '{{proposals, outcomes}}', '[]'),
    'causes', coalesce((
        select jsonb_agg(to_jsonb(causes) order by causes.wallets desc, causes.cause, causes.item)
        from causes
    ), '[]'),
    'booster_hours', (
        select jsonb_build_object(
            'paid', round(booster_hours.paid, 1), 'given', round(booster_hours.given, 1),
            'given_at_purchase', round(booster_hours.given_at_purchase, 1)
        )
        from booster_hours
    ),
    'counted_plans', coalesce((
        select jsonb_agg(to_jsonb(counted_plans) order by counted_plans.plan_id) from counted_plans
    ), '[]'),
    'approval_note', (
        select journal.detail ->> 'note' from claim_ops.journal
        where journal.plan_id = plan.plan_id and journal.event = 'approved'
        order by journal.entry_id desc
        limit 1
    ),
    'settle_minutes', (select settings.settings -> 'settle_minutes' from claim_ops.settings),
    'switch', coalesce((select jsonb_agg(to_jsonb(switch) order by switch.sku) from switch), '[]'),
    'breaker_limits', (
        select jsonb_object_agg(
            figures.key,
            coalesce(plan.limits -> 'raise' -> figures.key, settings.settings -> figures.key)
        )
        from jsonb_each(plan.breakers) as figures
        cross join claim_ops.settings
    ),
    'is_past_its_time', (
        select is_past_its_time from claim_ops.plan_states where plan_states.plan_id = plan.plan_id
    ),
    'items', coalesce((select jsonb_agg(to_jsonb(items) order by items.item) from items), '[]'),
    'reasons', coalesce((
        select jsonb_object_agg(reasons.reason, reasons.lines) from reasons
    ), '{{}}')
) as plan
from plan
cross join outcomes
