-- The journal's entries about its lines, with all that the chain's hashes are taken of.
select * from claim_ops.journal
where plan_id = %(plan_id)s and line_no is not null
order by entry_id
