-- Grain: one row a plan that is open, and the command that comes next.
select
    plan_id,
    case state when 'planned' then 'claimctl approve ' else 'claimctl apply ' end || plan_id as command,
    kind,
    state,
    lines,
    made_by,
    approved_by,
    made_at,
    expires_at
from claim_ops.plans
where state in ('planned', 'approved', 'applying') and clock_timestamp() <= expires_at
order by plan_id
