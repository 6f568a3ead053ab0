-- Grain: one row a message that is due and that is ours from now on.
select
    alert,
    since,
    occurrence,
    escalation_level,
    told_level,
    claimed_at
from claim_ops.claim_alert_messages(%(alerts)s)
