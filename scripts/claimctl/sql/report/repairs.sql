-- Grain: one row a plan and item of the last plans whose lines were applied:
-- what wallets held before and after.
with

plans as (
    select * from claim_ops.plans
    where state in ('applying', 'applied', 'rolled_back')
    order by coalesce(finished_at, made_at) desc
    limit 10
)

select
    plans.plan_id,
    plans.kind,
    plans.state,
    items.item,
    count(*) as wallets,
    sum(
        case
            when items.kind = 'quantity'
                then coalesce((lines.before ->> items.column_name)::numeric, 0)
        end
    ) as quantity_before,
    sum(
        case
            when items.kind = 'quantity'
                then coalesce((lines.after ->> items.column_name)::numeric, 0)
        end
    ) as quantity_after,
    round(sum(held.hours_before), 1) as hours_before,
    round(sum(held.hours_after), 1) as hours_after,
    plans.made_by,
    plans.approved_by,
    plans.finished_at,
    plans.verified_at,
    (plans.verification ->> 'wrong')::bigint as wrong_after
from plans
inner join claim_ops.line_states as lines
    on plans.plan_id = lines.plan_id and lines.state = 'applied'
inner join claim_ops.wallet_items as items
    on coalesce(lines.before, '{{}}') || coalesce(lines.after, '{{}}') ? items.column_name
-- What lies ahead of a booster when the plan is made.
cross join lateral (
    select
        case when items.kind = 'expiry' then extract(epoch from greatest(
            nullif((lines.before ->> items.column_name)::timestamptz, 'infinity'), plans.made_at
        ) - plans.made_at) / 3600 end as hours_before,
        case when items.kind = 'expiry' then extract(epoch from greatest(
            nullif((lines.after ->> items.column_name)::timestamptz, 'infinity'), plans.made_at
        ) - plans.made_at) / 3600 end as hours_after
) as held
group by
    plans.plan_id, plans.kind, plans.state, plans.made_by, plans.approved_by, plans.finished_at,
    plans.verified_at, plans.verification, items.item
order by plans.plan_id desc, items.item
