-- The purchases that the plan left alone, and why.
select * from claim_ops.plan_left_out where plan_id = %(plan_id)s order by number
