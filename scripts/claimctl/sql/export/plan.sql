-- The header: who made it, why, within which limits, its digest, who approved it,
-- and its state now.
select * from claim_ops.plans where plan_id = %(plan_id)s
