-- Each line with what stood there before, what it was to hold, and what came of it.
select line_no, user_id, before, after, details, state, skipped_because, database_said, decided_at
from claim_ops.line_states
where plan_id = %(plan_id)s
order by line_no
