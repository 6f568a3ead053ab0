-- Grain: one row a cause and item of settled discrepancies, and what to run about it, as
-- rpt_drift_causes has it. Without its look_with, which names users.
select probable_cause, item, users, net_quantity, net_hours, since, until, repair_with
from {models}.rpt_drift_causes
order by users desc, probable_cause, item
