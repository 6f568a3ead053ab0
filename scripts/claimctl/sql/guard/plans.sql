-- One row a plan, the newest first.
select
    plans.plan_id,
    plans.kind,
    plan_states.state,
    plans.lines,
    plans.reason,
    plans.made_by,
    plans.made_at,
    plans.approved_by,
    plans.expires_at,
    plans.verified_at,
    left(plans.digest, 12) as digest
from claim_ops.plans
inner join claim_ops.plan_states using (plan_id)
order by plans.plan_id desc
limit %(limit)s
