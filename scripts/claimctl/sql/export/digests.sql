-- The digests of its chunks of lines, of which the plan's own is made.
select chunk_no, digest from claim_ops.plan_chunks where plan_id = %(plan_id)s order by chunk_no
