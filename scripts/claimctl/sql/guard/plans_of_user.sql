-- One row a plan that has a line for the user, the newest first.
select
    lines.plan_id,
    plans.kind,
    plan_states.state as plan_state,
    plans.reason,
    lines.state,
    lines.skipped_because,
    lines.before,
    lines.after,
    to_jsonb(lines.decided_at) #>> '{{}}' as decided_at
from claim_ops.line_states as lines
inner join claim_ops.plans on lines.plan_id = plans.plan_id
inner join claim_ops.plan_states on lines.plan_id = plan_states.plan_id
where
    lines.user_id = cast(%(user_id)s as {user_id_type})
    -- What nobody will write any more has touched nothing.
    and not (lines.state = 'pending' and not plan_states.is_open)
order by lines.plan_id desc
