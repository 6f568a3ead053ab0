-- Whether claims go on while the log stands still.
select
    'warning' as state,
    description as finding,
    'Look whether its login may insert (var claim_service_login), then at the service; '
    || 'see "No data" in the runbook.' as advice
from {models}.rpt_alerts
where alert = 'log_not_written' and state = 'firing'
