-- Every discrepancy is in the report, once.
select sum(purchases) as purchases
from {{ ref('rpt_revenue_at_stake') }}
having coalesce(sum(purchases), 0) is distinct from (
    select count(*)
    from {{ ref('fct_purchase_discrepancies') }}
)
