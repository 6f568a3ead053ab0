-- Requests dated more than a minute ahead come from a clock that is wrong.
-- They count when their time has come.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('int_claim_requests') }}
where requested_at > {{ claim_reconciliation.minutes_after(
    claim_reconciliation.current_time(), 1
) }}
