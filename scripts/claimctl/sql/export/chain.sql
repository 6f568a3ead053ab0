-- The whole chain, so that the plan's entries can be followed up to its head.
select position, batch_id, entries, previous_hash, hash, sealed_at
from claim_ops.journal_batches
order by position
