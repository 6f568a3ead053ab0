-- Grain: one row a SKU and window_type with claims beyond the cap within the last days.
select
    sku,
    window_type,
    cap,
    count(*) as claims_beyond_cap,
    count(*) filter (where is_excused) as excused,
    count(distinct user_id) as users
from {models}.fct_cap_violations
where claimed_at > statement_timestamp() - %(days)s * interval '1 day'
group by sku, window_type, cap
order by sku, window_type, cap
