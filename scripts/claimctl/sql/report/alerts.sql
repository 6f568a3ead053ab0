-- Grain: one row an alert rule: its threshold, and the first command to run where it fires.
select
    rpt_alerts.alert,
    rpt_alerts.threshold,
    replace(
        replace(first_steps.command, 'SINCE', to_char(rpt_alerts.since, 'YYYY-MM-DD"T"HH24:MI"Z"')),
        'UNTIL', to_char(rpt_alerts.judged_at, 'YYYY-MM-DD"T"HH24:MI"Z"')
    ) as command
from {models}.rpt_alerts
left join (
    values
    ('error_rate', 'claimctl probe URL'),
    ('fast_burn', 'claimctl probe URL'),
    ('latency', 'claimctl probe URL'),
    ('conflict_rate', 'claimctl alerts'),
    ('wallets_match_claims', 'claimctl plan wallets --reason ''what went wrong'''),
    ('old_discrepancies', 'claimctl plan wallets --reason ''what went wrong'''),
    (
        'unclaimed_purchases',
        'claimctl plan recovery --from SINCE --to UNTIL --reason ''what went wrong'''
    ),
    ('claims_stop', 'claimctl probe URL'),
    ('log_not_written', 'claimctl doctor'),
    ('unapproved_break_glass', 'claimctl plans')
) as first_steps (alert, command) on rpt_alerts.alert = first_steps.alert
order by rpt_alerts.alert
