-- Grain: one row an item and type of wrong balances, settled or in flight, of
-- fct_wallet_discrepancies.
select
    item,
    discrepancy_type,
    is_settled,
    is_accepted,
    count(*) as balances,
    sum(quantity_discrepancy) as net_quantity,
    min(last_activity_at) as oldest_activity_at
from {models}.fct_wallet_discrepancies
where excused_because is distinct from 'account_gone'
group by item, discrepancy_type, is_settled, is_accepted
order by item, discrepancy_type, is_settled desc, is_accepted
