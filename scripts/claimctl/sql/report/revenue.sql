-- Grain: one row a discrepancy type, reason and SKU of purchases, as rpt_revenue_at_stake has it.
select
    discrepancy_type, reason, sku, is_recoverable, purchases, users, revenue, first_purchased_at,
    last_purchased_at
from {models}.rpt_revenue_at_stake
order by is_recoverable desc, revenue desc nulls last, discrepancy_type, reason, sku
