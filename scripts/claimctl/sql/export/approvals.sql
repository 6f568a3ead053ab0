-- What the journal says of each decision and step; a column of the plan alone is no approval.
select entry_id, event, actor, written_at, detail
from claim_ops.journal
where plan_id = %(plan_id)s and line_no is null
order by entry_id
