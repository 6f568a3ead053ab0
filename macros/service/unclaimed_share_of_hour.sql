{% macro unclaimed_share_of_hour(shop, unclaimed) %}
    {#- A query for the share of purchases without a claim in the hour whose purchases are settled
        by now, one row with a text that is null where the hour had no purchase. -#}
    {%- set now = claim_reconciliation.current_time() -%}
with

settled_hour as (
    select
        {{ claim_reconciliation.minutes_after(
            now, -60 - claim_reconciliation.number_var('settle_minutes')
        ) }} as first_at,
        {{ claim_reconciliation.minutes_after(
            now, -claim_reconciliation.number_var('settle_minutes')
        ) }} as ended_at
),

paid_in_hour as (
    select sum(shop.purchases) as purchases
    from settled_hour
    inner join {{ shop }} as shop
        on settled_hour.first_at <= shop.started_at and settled_hour.ended_at > shop.started_at
),

unclaimed_in_hour as (
    select count(*) as purchases
    from settled_hour
    inner join {{ unclaimed }} as unclaimed
        on settled_hour.first_at <= unclaimed.purchased_at
        and settled_hour.ended_at > unclaimed.purchased_at
)

select
    round(
        100.0 * least(
            unclaimed_in_hour.purchases, paid_in_hour.purchases
        ) / nullif(paid_in_hour.purchases, 0)
    )
    || ' %' as share
from paid_in_hour
cross join unclaimed_in_hour
{%- endmacro %}
