-- Grain: one row a plan that is open, and the command that comes next.
select
    plan_id,
    case plans.state when 'planned' then 'claimctl approve ' else 'claimctl apply ' end
        || plan_id as command,
    kind,
    plans.state,
    lines,
    made_by,
    approved_by,
    made_at,
    expires_at
from claim_ops.plans
inner join claim_ops.plan_states using (plan_id)
where plan_states.is_open
order by plan_id
