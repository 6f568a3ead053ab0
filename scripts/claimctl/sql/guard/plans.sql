-- One row a plan, the newest first.
select
    plans.plan_id,
    plans.kind,
    case
        when plans.state in ('planned', 'approved', 'applying') and clock_timestamp() > plans.expires_at
            then 'expired' else plans.state
    end as state,
    plans.lines,
    plans.reason,
    plans.made_by,
    plans.made_at,
    plans.approved_by,
    plans.expires_at,
    plans.verified_at,
    left(plans.digest, 12) as digest
from claim_ops.plans
order by plans.plan_id desc
limit %(limit)s
