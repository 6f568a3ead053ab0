-- By fault and the cause that the models name: how many of the settled wrong balances.
select
    injected.fault,
    coalesce(causes.probable_cause, 'unknown') as cause,
    count(*) as balances,
    to_char(min(causes.cause_at) at time zone 'UTC', 'YYYY-MM-DD') as since
from sandbox.injected_faults as injected
left join dbt_claim_reconciliation.fct_discrepancy_causes as causes
    on injected.user_id = causes.user_id and injected.item = causes.item
where not injected.in_flight
group by injected.fault, coalesce(causes.probable_cause, 'unknown')
order by injected.fault, balances desc
