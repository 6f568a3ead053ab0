{% macro numbers_beyond_cap(numbers) %}
    {#- The numbers that exceed their cap, with whether a plan of the guard excuses them and which
        one. Excused is a claim that a plan inserted, and one that would be within its cap without
        the claims of plans: it has a planned one in its window, so that the last planned one of its
        user and SKU before it is of that window. Found by a count, because a search for each claim
        would read all claims each time. -#}
select
    *,
    case when is_excused then last_plan_id end as excused_by_plan
from (
    select
        *,
        unplanned_claim_number <= cap or plan_id is not null as is_excused,
        max(plan_id) over (partition by window_type, user_id, sku, planned_so_far) as last_plan_id
    from (
        select
            *,
            count(plan_id) over (
                partition by window_type, user_id, sku
                order by claimed_at, tx_id
                rows unbounded preceding
            ) as planned_so_far
        from {{ numbers }}
        where claim_number > cap or plan_id is not null
    ) as counted
) as judged
where claim_number > cap
{%- endmacro %}
