-- Grain: one row a probable cause and type of wrong balances, as fct_discrepancy_causes has them.
select
    probable_cause,
    discrepancy_type,
    count(*) as balances,
    count(*) filter (where is_settled) as settled,
    min(cause_at) as first_cause_at,
    max(cause_at) as last_cause_at
from {models}.fct_discrepancy_causes
group by probable_cause, discrepancy_type
order by max(count(*)) over (partition by probable_cause) desc, probable_cause, discrepancy_type
