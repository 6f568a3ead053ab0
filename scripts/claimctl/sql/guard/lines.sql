-- One row a line of a plan.
select
    lines.line_no,
    lines.user_id::text as user_id,
    lines.before::text as before,
    lines.after::text as after,
    lines.state,
    lines.skipped_because,
    lines.decided_at
from claim_ops.plan_lines as lines
where lines.plan_id = %(plan_id)s
order by lines.line_no
limit %(limit)s
