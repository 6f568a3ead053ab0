-- Grain: one row a message that is due and that is ours to send from now on.
select
    alert,
    since,
    occurrence,
    escalation_level,
    told_level,
    leased_at
from claim_ops.lease_alert_messages(%(alerts)s)
